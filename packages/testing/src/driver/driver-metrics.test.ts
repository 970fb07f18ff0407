import { StreamsBuilder, string, tumbling } from '@millrace/core'
import { levelOf, METRIC_LEVELS, METRIC_TABLE, type MetricReading, metricsOf, type SensorName } from '@millrace/runtime'
import { expect, it } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

const texts = { key: string(), value: string() }

/** A count by window and a join, so that all kinds of nodes and stores are there. */
function plan() {
  const builder = new StreamsBuilder()
  const table = builder.table('names', { ...texts, store: 'names' })
  const words = builder.stream('words', { ...texts, name: 'source' })
  const size = tumbling({ sizeMs: 10, graceMs: 0 })
  const grouped = words.groupByKey()
  grouped
    .windowedBy(size)
    .count({ store: 'counts' })
    .toStream()
    .foreach(() => undefined)
  grouped.windowedBy(size, { emitStrategy: 'on-close' }).count({ store: 'finals' })
  grouped.windowedBy(size).count({ store: 'held' }).suppress({ until: 'window-closes' })
  words.join(table, (word, name) => `${word} ${name}`).to('joined', texts)
  return builder.build()
}

async function run(metricsRecordingLevel: 'INFO' | 'DEBUG' | 'TRACE') {
  const driver = await TopologyTestDriver.create(plan(), {
    metricsRecordingLevel,
    initialWallClockMs: 1000,
    partitions: { names: 1, words: 1 },
  })
  const names = driver.createInputTopic('names', texts)
  const words = driver.createInputTopic('words', texts)
  await names.pipeInput('a', 'A', { timestamp: 1 })
  await words.pipeInput('a', 'x', { timestamp: 5 })
  await words.pipeInput('a', 'yy', { timestamp: 400, headers: [{ key: 'h', value: Buffer.from('123') }] })
  await words.pipeInput('a', 'late', { timestamp: 7 })
  const readings = driver.metrics()
  await driver.close()
  return (group: string, name: string, tags: Readonly<Record<string, string>> = {}): number[] =>
    readings
      .filter(reading => reading.group === group && reading.name === name && has(reading, tags))
      .map(({ value }) => value)
}

function has({ tags }: MetricReading, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([tag, text]) => tags[tag] === text)
}

it('counts records and bytes of topics as Kafka Streams does', async () => {
  const read = await run('INFO')
  const group = 'stream-topic-metrics'
  const words = { topic: 'words' }
  expect(read(group, 'records-consumed-total', words)).toEqual([3])
  // Each has 8 bytes of timestamp, 8 of offset, 4 of partition and 5 of "words", and the first 1 of key and 1 of value.
  expect(read(group, 'bytes-consumed-total', words)).toEqual([27 + 28 + 4 + 30])
  expect(read(group, 'records-produced-total', { topic: 'joined' })).toEqual([3])
})

it('measures how long records take from their timestamps on', async () => {
  const read = await run('INFO')
  const source = { 'processor-node-id': 'source' }
  const group = 'stream-processor-node-metrics'
  expect(read(group, 'record-e2e-latency-max', source)).toEqual([995])
  expect(read(group, 'record-e2e-latency-min', source)).toEqual([600])
  expect(read(group, 'record-e2e-latency-avg', source)).toEqual([(995 + 600 + 993) / 3])
})

it('counts what is left out, of the task and of the node', async () => {
  const read = await run('INFO')
  const nodes = read('stream-processor-node-metrics', 'dropped-records', { reason: 'late' })
  expect(nodes.length).toBeGreaterThan(0)
  const all = nodes.reduce((sum, count) => sum + count, 0)
  expect(read('stream-task-metrics', 'dropped-records-total')).toEqual([all])
})

it('records stores, latencies and lateness from DEBUG on', async () => {
  const read = await run('DEBUG')
  expect(Math.max(...read('stream-task-metrics', 'record-lateness-max'))).toBe(393)
  expect(read('stream-processor-node-metrics', 'process-total', { 'processor-node-id': 'source' })).toEqual([3])
  expect(read('stream-state-metrics', 'put-rate', { 'in-memory-state-id': 'names' })).toEqual([1 / 30])
  expect(read('stream-state-metrics', 'get-rate', { 'in-memory-state-id': 'names' }).every(rate => rate > 0)).toBe(true)
  expect(
    read('stream-state-metrics', 'fetch-rate', { 'in-memory-window-state-id': 'counts' }).every(rate => rate > 0),
  ).toBe(true)
  expect(read('stream-processor-node-metrics', 'window-aggregate-final-emit-total')).toEqual([1])
  expect(read('stream-processor-node-metrics', 'suppression-emit-total')).toEqual([1])
})

it('has every metric of the table at TRACE, but those of an application', async () => {
  const driver = await TopologyTestDriver.create(plan(), { metricsRecordingLevel: 'TRACE' })
  await driver.createInputTopic('names', texts).pipeInput('a', 'A', { timestamp: 1 })
  await driver.createInputTopic('words', texts).pipeInput('a', 'x', { timestamp: 5 })
  const there = new Set(driver.metrics().map(({ group, name }) => `${group} ${name}`))
  await driver.close()
  const byGroup = ([sensor, name]: readonly [SensorName, string]) => `${METRIC_LEVELS[levelOf(sensor)].group} ${name}`
  const missing = (Object.keys(METRIC_TABLE) as SensorName[])
    .filter(sensor => !sensor.startsWith('client.') && !LEFT_OUT.has(sensor) && !STANDBY.has(sensor))
    .flatMap(sensor => metricsOf(sensor).map(([name]) => [sensor, name] as const))
    .filter(metric => !there.has(byGroup(metric)))
  expect(missing).toEqual([])
})

it('leaves out what is above the recording level', async () => {
  const read = await run('INFO')
  expect(read('stream-state-metrics', 'put-rate')).toEqual([])
  expect(read('stream-task-metrics', 'record-lateness-max')).toEqual([])
})

/** Counted once there is something to count. */
const LEFT_OUT: ReadonlySet<SensorName> = new Set(['node.dropped-records', 'node.failed-records'])
/** Of tasks that are restored, or have a standby. */
const STANDBY: ReadonlySet<SensorName> = new Set(['task.restore', 'task.update', 'task.restore-remaining-records'])
