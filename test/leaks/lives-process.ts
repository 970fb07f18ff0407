import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { silentLogger } from '@millrace/runtime'
import { type ClientFactory, kafka, KafkaStreams, long, rocksdb, StreamsBuilder, string, systemClock } from 'millrace'
import { topicIo } from '../topic-io.ts'

/** What the process is told, as JSON. */
export interface LivesSettings {
  readonly times: number
  readonly name: string
  /** Of a real Kafka. @default the one in memory */
  readonly brokers?: string
}

/** What a process has open, and what its heap holds after a collection. */
export interface Open {
  readonly handles: readonly string[]
  /** Descriptors; 0 where the system does not tell. */
  readonly files: number
  readonly heapMb: number
}

const PROCESSED_MS = 60_000

// Starts and closes one application again and again, on the same state, and tells what is open after each end.
const { times, name, brokers } = JSON.parse(process.argv[2]!) as LivesSettings
const client: ClientFactory =
  brokers === undefined ? memoryClient(new MemoryCluster({ clock: systemClock })) : kafka({ brokers })
const topics = { input: `${name}-in`, output: `${name}-out` }
const stateDir = await mkdtemp(join(tmpdir(), 'millrace-leaks-'))
{
  await using io = topicIo(client)
  for (const topic of [topics.input, topics.output]) await io.createTopic(topic, 2)
}
for (let time = 0; time < times; time++) {
  await live(time)
  process.send!({ type: 'open', ...(await openNow()) })
}
await rm(stateDir, { recursive: true, force: true })
// What is left open must be seen, and not keep this process from its end.
process.exit(0)

async function live(time: number): Promise<void> {
  const builder = new StreamsBuilder()
  builder
    .stream(topics.input, { key: string(), value: string() })
    .groupByKey()
    .count({ store: 'counts' })
    .toStream()
    .to(topics.output, { key: string(), value: long() })
  const streams = new KafkaStreams(builder.build(), {
    applicationId: name,
    client,
    store: rocksdb(),
    stateDir,
    processingGuarantee: 'exactly_once',
    commitIntervalMs: 50,
    logger: silentLogger,
  })
  const running = new Promise<void>(resolve => {
    streams.on('state', state => void (state === 'RUNNING' && resolve()))
  })
  await streams.start()
  await running
  {
    await using io = topicIo(client)
    const key = `key-${time}`
    await io.produce(
      topics.input,
      [0, 1].map(partition => ({ partition, key: `${key}-${partition}`, value: 'value', timestamp: Date.now() })),
    )
  }
  const counts = streams.store<string, bigint>('counts', 'key-value')
  for (const until = Date.now() + PROCESSED_MS; (await counts.get(`key-${time}-1`)) === null; await setTimeout(20)) {
    if (Date.now() > until) throw new Error('the record was not processed')
  }
  // An iterator that is left before its end must not stay open.
  for await (const _ of counts.all()) break
  await streams.close()
}

async function openNow(): Promise<Open> {
  // What closes, closes within some turns of the event loop.
  await setTimeout(100)
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  gc()
  await setTimeout(10)
  gc()
  const files = process.platform === 'linux' ? (await readdir('/proc/self/fd')).length : 0
  return {
    handles: process.getActiveResourcesInfo().toSorted(),
    files,
    heapMb: process.memoryUsage().heapUsed / (1024 * 1024),
  }
}
