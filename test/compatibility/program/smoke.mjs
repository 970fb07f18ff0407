// What each environment runs: a topology in the test driver, and an application on a Kafka in memory. Its state is in RocksDB unless
// SMOKE_STORE=memory.
import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { TopologyTestDriver } from '@millrace/testing'
import { kafka, KafkaStreams, long, memoryStore, rocksdb, StreamsBuilder, string, systemClock } from 'millrace'
import { kafkajs } from 'millrace/kafkajs'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const TEXT = { key: string(), value: string() }
const COUNTS = { key: string(), value: long() }

export async function smoke() {
  await countInDriver()
  await countInApplication()
  kafka({ brokers: ['localhost:9092'] })
  kafkajs({ brokers: ['localhost:9092'] })
}

function counting() {
  const builder = new StreamsBuilder()
  builder.stream('lines', TEXT).groupByKey().count({ store: 'counts' }).toStream().to('totals', COUNTS)
  return builder.build()
}

async function countInDriver() {
  const driver = await TopologyTestDriver.create(counting())
  const lines = driver.createInputTopic('lines', TEXT)
  const totals = driver.createOutputTopic('totals', COUNTS)
  await lines.pipeInput('a', 'x')
  await lines.pipeInput('a', 'y')
  const seen = String(totals.readKeyValuesToList())
  await driver.close()
  if (seen !== 'a,1,a,2') throw new Error(`The driver gave ${seen}.`)
}

async function countInApplication() {
  const stateDir = mkdtempSync(join(tmpdir(), 'millrace-smoke-'))
  const cluster = new MemoryCluster({ clock: systemClock })
  for (const name of ['lines', 'totals']) cluster.createTopic({ name, partitions: 1 })
  const streams = new KafkaStreams(counting(), {
    applicationId: 'smoke',
    client: memoryClient(cluster),
    store: process.env.SMOKE_STORE === 'memory' ? memoryStore() : rocksdb(),
    stateDir,
    commitIntervalMs: 20,
  })
  await streams.start()
  const client = memoryClient(cluster)({ clientId: 'smoke', clock: systemClock, logger: silent })
  const producer = client.producer({})
  await producer.init()
  const bytes = Buffer.from('x')
  producer.topic('lines').append(0, Date.now(), bytes, 0, 1, bytes, 0, 1, [])
  await producer.flush()
  const totals = cluster.log({ topic: 'totals', partition: 0 })
  for (let waited = 0; totals.highWatermark === 0 && waited < 20_000; waited += 20)
    await new Promise(resolve => setTimeout(resolve, 20))
  await streams.close()
  await client.close()
  rmSync(stateDir, { recursive: true })
  if (totals.highWatermark === 0) throw new Error('Nothing was counted.')
}

const silent = { debug() {}, info() {}, warn() {}, error() {} }
