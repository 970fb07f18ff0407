/**
 * What the in-memory client costs by itself: appending and flushing records, and walking what was fetched. The engine has
 * to stay above 1.5 M records/s on top of this.
 *
 *   node --conditions=millrace-source bench/micro/client-memory.ts [records] [bytes of a value]
 */
import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { NO_HEADERS, systemClock, type Consumer, type Producer } from '@millrace/core'

const records = Number(process.argv[2] ?? 2_000_000)
const valueBytes = Number(process.argv[3] ?? 90)
const partitions = 4
const silent = { debug() {}, info() {}, warn() {}, error() {} }

// The first round warms up and is not shown.
for (const [round, checksums] of [false, false, true].entries()) {
  const cluster = new MemoryCluster({ clock: systemClock, checksums })
  const client = memoryClient(cluster)({ clientId: 'bench', clock: systemClock, logger: silent })
  await client.admin().createTopics([
    { name: 'in', partitions },
    { name: 'out', partitions },
  ])
  const producer = client.producer({})
  await producer.init()
  const consumer = (): Consumer => client.consumer({ isolationLevel: 'read_uncommitted' })

  const measured: [string, number][] = [
    ['produce', await rate(() => produce(producer))],
    ['fetch and walk', await rate(() => walk(consumer()))],
    ['fetch, walk, produce', await rate(() => copy(consumer(), producer))],
  ]
  for (const [name, rate] of round === 0 ? [] : measured) {
    const ns = (1e9 / rate).toFixed(0)
    console.log(
      `${name}${checksums ? ', checksums in JavaScript' : ''}: ${(rate / 1e6).toFixed(2)} M records/s, ${ns} ns each`,
    )
  }
  await client.close()
}

async function produce(producer: Producer): Promise<void> {
  const topic = producer.topic('in')
  const bytes = Buffer.alloc(10 + valueBytes, 'x')
  const now = Date.now()
  for (let i = 0; i < records; i++) {
    bytes.writeUInt32LE(i, 0)
    topic.append(i % partitions, now + (i >>> 10), bytes, 0, 10, bytes, 10, bytes.length, NO_HEADERS)
    if (i % 20_000 === 0) await producer.flush()
  }
  await producer.flush()
}

async function walk(consumer: Consumer): Promise<void> {
  await consumer.assign(Array.from({ length: partitions }, (_, partition) => ({ topic: 'in', partition, offset: 0 })))
  let bytes = 0
  for (let left = records; left > 0;) {
    for (const batch of await consumer.poll(1_000)) {
      const cursor = batch.cursor()
      while (cursor.advance()) {
        bytes += cursor.valueEnd - cursor.valueStart
        left--
      }
    }
  }
  if (bytes !== records * valueBytes) throw new Error(`walked ${bytes} bytes of ${records * valueBytes}`)
}

async function copy(consumer: Consumer, producer: Producer): Promise<void> {
  await consumer.assign(Array.from({ length: partitions }, (_, partition) => ({ topic: 'in', partition, offset: 0 })))
  const topic = producer.topic('out')
  for (let left = records; left > 0;) {
    for (const batch of await consumer.poll(1_000)) {
      const cursor = batch.cursor()
      while (cursor.advance()) {
        const { keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd, timestamp } = cursor
        topic.append(
          keyBytes[keyStart]! % partitions,
          timestamp,
          keyBytes,
          keyStart,
          keyEnd,
          valueBytes,
          valueStart,
          valueEnd,
          NO_HEADERS,
        )
        left--
      }
    }
    await producer.flush()
  }
}

async function rate(run: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await run()
  return records / ((performance.now() - start) / 1000)
}
