import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RestoreEvent } from '@millrace/runtime'
import { sharedKafka } from '@millrace/dev-kafka'
import { KafkaStreams, rocksdb } from 'millrace'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { clientUnderTest } from './client-under-test.ts'
import { logLines } from '../log-lines.ts'
import { eventually, type TopicIo, topicIo } from '../topic-io.ts'
import { zipfText } from './word-count/text.ts'
import { wordCount } from './word-count/topology.ts'

const PARTITIONS = 2
const LIMIT_MS = 60_000
const name = `restart-${Date.now().toString(36)}`
const topics = { lines: `${name}-lines`, counts: `${name}-counts` }
const changelog = `${name}-counts-changelog`
let brokers: string
let io: TopicIo
let root: string

beforeAll(async () => {
  ;({ brokers } = await sharedKafka())
  io = topicIo(clientUnderTest(brokers))
  root = await mkdtemp(join(tmpdir(), 'millrace-'))
  await io.createTopic(topics.lines, PARTITIONS)
  await io.createTopic(topics.counts, PARTITIONS)
})

afterAll(async () => {
  await io[Symbol.asyncDispose]()
  await rm(root, { recursive: true, force: true })
})

/** Runs the application on a state directory until it has processed everything, and tells what it restored at start. */
async function runOnce(stateDir: string, words: number, seed: number) {
  const restored: RestoreEvent[] = []
  const { logger, lines } = logLines()
  const streams = new KafkaStreams(wordCount(topics), {
    applicationId: name,
    client: clientUnderTest(brokers),
    store: rocksdb(),
    stateDir: join(root, stateDir),
    processingGuarantee: 'exactly_once',
    logger,
  }).on('restoreEnd', event => restored.push(event))
  await streams.start()
  const text = zipfText(words, seed).lines
  await io.produce(
    topics.lines,
    text.map((value, index) => ({ partition: index % PARTITIONS, key: null, value, timestamp: Date.now() })),
  )
  const total = (offsets: readonly number[]) => offsets.reduce((sum, offset) => sum + offset, 0)
  const input = total(await io.ends(topics.lines))
  await eventually(
    'the input',
    LIMIT_MS,
    () => io.committed(name, topics.lines),
    done => total(done) === input,
  )
  await eventually(
    'the words',
    LIMIT_MS,
    () => io.unprocessed(name, `${name}-counts-repartition`),
    left => left === 0,
  )
  await streams.close()
  return { restored: restored.sort((a, b) => a.partition - b.partition), lines }
}

/** How many records the changelog has between two offsets of each partition. */
async function changelogRecords(from: readonly number[], to: readonly number[]): Promise<readonly number[]> {
  const records = await io.readAll(changelog, { from })
  const within = (partition: number) =>
    records.filter(record => record.partition === partition && record.offset < to[partition]!)
  return to.map((_, partition) => within(partition).length)
}

it('restores what the state directory misses: nothing, the difference, or everything, and says how much', async () => {
  const beginning = Array.from({ length: PARTITIONS }, () => 0)
  const first = await runOnce('kept', 5_000, 1)
  expect(first.restored.map(({ restored }) => restored)).toEqual(beginning)

  // Another instance, which has no state, takes over.
  const endOfFirst = await io.ends(changelog)
  const other = await runOnce('other', 5_000, 2)
  const everything = await changelogRecords(beginning, endOfFirst)
  expect(other.restored.map(({ restored }) => restored)).toEqual(everything)
  expect(Math.min(...everything)).toBeGreaterThan(0)

  // The first one comes back to the state it left.
  const endOfOther = await io.ends(changelog)
  const again = await runOnce('kept', 100, 3)
  const difference = await changelogRecords(endOfFirst, endOfOther)
  expect(again.restored.map(({ restored }) => restored)).toEqual(difference)
  expect(Math.min(...difference)).toBeGreaterThan(0)
  for (const { restored, milliseconds, task } of again.restored) {
    const line = again.lines.find(({ message, fields }) => message.startsWith('restored ') && fields['task'] === task)
    expect(line?.message).toBe(`restored ${restored} records of counts in ${milliseconds} ms`)
  }

  // And once more without anything between, and once more without its state.
  const unchanged = await runOnce('kept', 100, 4)
  expect(unchanged.restored.map(({ restored }) => restored)).toEqual(beginning)
  await rm(join(root, 'kept'), { recursive: true })
  const endOfAll = await io.ends(changelog)
  const anew = await runOnce('kept', 100, 5)
  expect(anew.restored.map(({ restored }) => restored)).toEqual(await changelogRecords(beginning, endOfAll))
})
