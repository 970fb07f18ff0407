/**
 * `npm run soak`: 50 million records through a windowed aggregate on a real Kafka, in a process that may use 512 MB.
 *
 *   npm run soak -- --records 5000000 --limit-mb 400
 *
 * Fails when the process has more resident memory than that at any time, uses more in the last part than after the first tenth, keeps handles
 * or files after `close()`, or when the counts do not sum up to the records.
 */
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { NO_HEADERS, seededRandom, systemClock } from '@millrace/core'
import { startKafka } from '@millrace/dev-kafka'
import { silentLogger } from '@millrace/runtime'
import { kafka } from 'millrace'
import { workerGroup } from '../processes/worker-group.ts'
import { eventually, topicIo, type TopicIo } from '../topic-io.ts'
import { compareUsage, usageText, type Usage } from '../chaos/usage-series.ts'
import { history } from '../chaos/history.ts'
import { WINDOW_MS } from './topology.ts'
import type { SoakSettings } from './worker-process.ts'

const MIB = 1024 * 1024
const PARTITIONS = 4
const KEYS = 20_000
/** Records of the input in a millisecond of their timestamps: a window of 10 s gets a million. */
const PER_MS = 100
const FIRST_TIMESTAMP = 1_700_000_000_000
const BATCH = 2_000
/** Records that may wait in the input: Kafka deletes it behind the reader. */
const MOST_AHEAD = 1_000_000
/** The key of records that close windows, and how many each partition gets. */
const END = 'end'
const END_RECORDS = 3
const WORKER = new URL('worker-process.ts', import.meta.url)
/** Of the old generation of V8. */
const HEAP_MB = 160

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '50000000' },
    'limit-mb': { type: 'string', default: '512' },
    seed: { type: 'string', default: '1' },
  },
})
const records = Number(values.records)
const limitMb = Number(values['limit-mb'])
const { say } = history()
process.exit(await run())

async function run(): Promise<number> {
  await using cluster = await startKafka({ from: 'jvm', tuning: 'throughput' })
  await using group = await workerGroup()
  await using io = topicIo(kafka({ brokers: cluster.brokers }))
  const name = `soak-${Date.now().toString(36)}`
  const topics = { input: `${name}-in`, output: `${name}-out` }
  const settings: SoakSettings = {
    brokers: cluster.brokers,
    topics,
    applicationId: name,
    stateDir: group.stateDir('state'),
    processingGuarantee: 'exactly_once',
    commitIntervalMs: 1_000,
    stateBufferBytes: 48 * MIB,
    restoreBufferBytes: 16 * MIB,
    memoryBytes: 64 * MIB,
  }
  const client = kafka({ brokers: cluster.brokers })({ clientId: 'soak', clock: systemClock, logger: silentLogger })
  await client.admin().createTopics([
    {
      name: topics.input,
      partitions: PARTITIONS,
      configs: { 'retention.bytes': String(256 * MIB), 'segment.bytes': String(32 * MIB) },
    },
    { name: topics.output, partitions: PARTITIONS },
  ])
  const worker = group.start('soak', WORKER, settings, [`--max-old-space-size=${HEAP_MB}`])
  const done = async () => (await io.committed(name, topics.input)).reduce((sum, offset) => sum + offset, 0)
  await worker.told(({ type, state }) => type === 'state' && state === 'RUNNING')
  const began = Date.now()
  const fed = await feed(client, topics.input, done)
  await eventually('all records', 3_600_000, done, count => count >= fed)
  const seconds = (Date.now() - began) / 1000
  say(`${records} records in ${seconds.toFixed(0)} s, ${Math.round(records / seconds)} a second`)
  const { code, inTime } = await worker.stop(60_000)
  const mistakes = [...memoryMistakes(worker.messages), ...(await countMistakes(io, topics.output))]
  if (code !== 0 || !inTime) mistakes.push(`the process ended with ${code}: ${worker.log().slice(-2_000)}`)
  await client.close()
  for (const mistake of mistakes) say(`FAILURE: ${mistake}`)
  if (mistakes.length === 0) say('memory is flat, nothing is left open, and every record is counted')
  return mistakes.length === 0 ? 0 : 1
}

/** Writes the input, never far ahead of what is processed. @returns how many records there are */
async function feed(
  client: ReturnType<ReturnType<typeof kafka>>,
  topic: string,
  done: () => Promise<number>,
): Promise<number> {
  const random = seededRandom(Number(values.seed))
  const producer = client.producer({})
  await producer.init()
  const appender = producer.topic(topic)
  const value = Buffer.from('v'.repeat(40))
  const write = async (partition: number, text: string, timestamp: number) => {
    const key = Buffer.from(text)
    appender.append(partition, timestamp, key, 0, key.length, value, 0, value.length, NO_HEADERS)
    await producer.pending()
  }
  let processed = 0
  for (let at = 0; at < records; at++) {
    // Each partition has its own keys, so that no key is in two.
    const partition = at % PARTITIONS
    await write(partition, `k${partition}-${Math.floor((random() * KEYS) / PARTITIONS)}`, timestampOf(at))
    if (at % BATCH !== 0) continue
    await producer.flush()
    while (at - processed > MOST_AHEAD) {
      await setTimeout(50)
      processed = await done()
    }
    if (at % (records / 10) === 0) say(`${at} records are written`)
  }
  // Records past their end close all windows: not before all are processed, since results are emitted at most once a second.
  await producer.flush()
  await eventually('all records', 3_600_000, done, count => count >= records)
  for (let step = 1; step <= END_RECORDS; step++) {
    await setTimeout(1_500)
    for (let partition = 0; partition < PARTITIONS; partition++) {
      await write(partition, END, timestampOf(records) + step * WINDOW_MS)
    }
    await producer.flush()
  }
  await producer.close()
  return records + END_RECORDS * PARTITIONS
}

function timestampOf(at: number): number {
  return FIRST_TIMESTAMP + Math.floor(at / PER_MS)
}

function memoryMistakes(messages: readonly { readonly type: string }[]): string[] {
  const samples = messages.filter(({ type }) => type === 'usage') as unknown as readonly Usage[]
  const step = Math.max(1, Math.floor(samples.length / 20))
  samples.forEach((sample, index) => {
    if (index % step === 0) say(usageText(sample))
  })
  // The first tenth is where code is compiled and caches fill.
  const compared = compareUsage(samples, 0.1)
  const closed = messages.find(({ type }) => type === 'closed') as unknown as Closed | undefined
  const mistakes = compared === undefined ? [`only ${samples.length} samples of memory`] : [...compared.growth]
  if (compared !== undefined) {
    say(`after the first tenth: ${usageText(compared.first)}`)
    say(`at the end: ${usageText(compared.last)}`)
  }
  if (closed === undefined) return [...mistakes, 'the process told nothing after close()']
  say(`the most resident memory: ${closed.mostMb} MB`)
  if (closed.mostMb > limitMb) mistakes.push(`${closed.mostMb} MB were resident, of ${limitMb} MB`)
  const left = closed.after.handles.filter(one => !closed.before.handles.includes(one))
  if (left.length > 0) mistakes.push(`handles are left after close(): ${left.join(', ')}`)
  if (closed.after.files > closed.before.files)
    mistakes.push(`${closed.after.files - closed.before.files} files are left open after close()`)
  return mistakes
}

interface Open {
  readonly handles: readonly string[]
  readonly files: number
}

interface Closed {
  readonly before: Open
  readonly after: Open
  readonly mostMb: number
}

/** Each record is in one window, and each window that has closed gave one result. */
async function countMistakes(io: TopicIo, output: string): Promise<string[]> {
  let counted = 0
  const seen = new Set<string>()
  const twice: string[] = []
  for (const { key, value } of await io.readAll(output)) {
    const name = key!.toString('latin1')
    if (name.startsWith(END)) continue
    if (seen.has(name)) twice.push(`a window gave two results: ${key!.toString('hex')}`)
    seen.add(name)
    counted += Number(value!.readBigInt64BE())
  }
  say(`${seen.size} windows, ${counted} records in them`)
  return counted === records ? twice : [...twice, `${counted} records are counted, of ${records}`]
}
