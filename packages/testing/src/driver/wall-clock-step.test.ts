import { joinWindows, long, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

const HOUR_MS = 3_600_000
const texts = { key: string(), value: string() }

it.each([-HOUR_MS, HOUR_MS, -24 * HOUR_MS, 24 * HOUR_MS])(
  'punctuations go on as before after a step of the clock by %d ms, and are told the new time',
  async stepMs => {
    const told: number[] = []
    const builder = new StreamsBuilder()
    builder.stream('in', texts).process<string, string>(() => ({
      init: context => void context.schedule(1_000, 'wall-clock', timestamp => void told.push(timestamp)),
      process() {},
    }))
    await using driver = await TopologyTestDriver.create(builder.build(), { initialWallClockMs: 100 * HOUR_MS })
    await driver.createInputTopic('in', texts).pipeInput('a', '1')
    await driver.advanceWallClock(1_000)
    await driver.stepWallClock(stepMs)
    await driver.advanceWallClock(999)
    const start = 100 * HOUR_MS
    // Neither a storm of those that a clock set forward would have missed, nor none until a clock set back has caught up.
    expect(told.map(time => time - start)).toEqual([1_000])
    await driver.advanceWallClock(1)
    await driver.advanceWallClock(1_000)
    expect(told.map(time => time - start)).toEqual([1_000, stepMs + 2_000, stepMs + 3_000])
  },
)

it.each(['at_least_once', 'exactly_once'] as const)('%s commits at its interval', async processingGuarantee => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .groupByKey()
    .count({ store: 'counts' })
    .toStream()
    .to('out', { key: string(), value: long() })
  const options = { commitEachRecord: false, commitIntervalMs: 1_000, processingGuarantee }
  await using driver = await TopologyTestDriver.create(builder.build(), options)
  const input = driver.createInputTopic('in', texts)
  const output = driver.createOutputTopic('out', { key: string(), value: long() })
  await driver.stepWallClock(-HOUR_MS)
  await input.pipeInput('a', '1')
  await driver.advanceWallClock(1_000)
  expect(output.readValuesToList()).toEqual([1n])
})

it('results of windows that wait for the emission interval come out', async () => {
  const builder = new StreamsBuilder()
  const windows = joinWindows({ timeDifferenceMs: 10, graceMs: 0 })
  builder
    .stream('a', texts)
    .leftJoin(builder.stream('b', texts), (mine, other) => `${mine}|${other}`, { windows })
    .to('out', texts)
  await using driver = await TopologyTestDriver.create(builder.build(), { emitIntervalMs: 1_000 })
  const input = driver.createInputTopic('a', texts)
  await input.pipeInput('k', '1', { timestamp: 0 })
  await driver.stepWallClock(-HOUR_MS)
  await driver.advanceWallClock(1_000)
  await input.pipeInput('k', '2', { timestamp: 100 })
  expect(driver.createOutputTopic('out', texts).readValuesToList()).toEqual(['1|null'])
})
