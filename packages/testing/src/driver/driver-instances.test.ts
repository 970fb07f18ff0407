import { long, type Plan, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

const texts = { key: string(), value: string() }
const counted = { key: string(), value: long() }

/** Caching is on: a commit gives the last count of each key. */
function countByKey(): Plan {
  const builder = new StreamsBuilder()
  builder.stream('in', texts).groupByKey().count({ store: 'counts' }).toStream().to('out', counted)
  return builder.build()
}

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
const eachKeyOnce = KEYS.map(key => [key, 'x'] as const)
const allAt = (count: bigint) => KEYS.map(key => [key, count])

it('shares the work among instances and passes it on with its state', async () => {
  await using driver = await TopologyTestDriver.create(countByKey(), { partitions: 4, instances: 2 })
  const tasksOf = (instance: number) =>
    driver
      .tasks()
      .filter(task => task.instance === instance)
      .map(({ id }) => id)
  const input = driver.createInputTopic('in', texts)
  expect([tasksOf(0).length, tasksOf(1).length]).toEqual([2, 2])
  await input.pipeKeyValues(eachKeyOnce)

  const added = await driver.addInstance()
  expect(added).toBe(2)
  expect(tasksOf(2).length).toBeGreaterThan(0)
  expect([...tasksOf(0), ...tasksOf(1), ...tasksOf(2)].sort()).toEqual(['0_0', '0_1', '0_2', '0_3'])
  await input.pipeKeyValues(eachKeyOnce)

  await driver.removeInstance(0)
  await driver.removeInstance(added)
  expect(tasksOf(1)).toEqual(['0_0', '0_1', '0_2', '0_3'])
  await input.pipeKeyValues(eachKeyOnce)
  expect(await driver.storeEntries('counts')).toEqual(allAt(3n))
  expect(driver.createOutputTopic('out', counted).readKeyValuesToMap()).toEqual(new Map(KEYS.map(key => [key, 3n])))
  await expect(driver.removeInstance(0)).rejects.toMatchObject({ code: 'MILLRACE_DRIVER_INSTANCE_UNKNOWN' })
})

it.each(['at_least_once', 'exactly_once'] as const)(
  'goes on after a crash under %s with every count',
  async guarantee => {
    await using driver = await TopologyTestDriver.create(countByKey(), {
      partitions: 4,
      instances: 2,
      processingGuarantee: guarantee,
      commitEachRecord: false,
      commitIntervalMs: 1_000,
    })
    const input = driver.createInputTopic('in', texts)
    const output = driver.createOutputTopic('out', counted)
    await input.pipeKeyValues(eachKeyOnce)
    await driver.commit()
    expect(output.readKeyValuesToList()).toHaveLength(KEYS.length)
    // Processed and never committed: the other instance has to do it again.
    await input.pipeKeyValues(eachKeyOnce)
    expect(await driver.storeEntries('counts')).toEqual(allAt(2n))

    const before = driver.wallClockMs
    await driver.removeInstance(0, { crash: true })
    expect(driver.wallClockMs - before, 'the group has to notice').toBeGreaterThanOrEqual(45_000)
    expect(driver.tasks().map(({ instance, id }) => [instance, id])).toEqual([
      [1, '0_0'],
      [1, '0_1'],
      [1, '0_2'],
      [1, '0_3'],
    ])
    await driver.commit()
    expect(await driver.storeEntries('counts')).toEqual(allAt(2n))
    expect(output.readKeyValuesToMap()).toEqual(new Map(KEYS.map(key => [key, 2n])))
  },
)

it('restores only what the disk of a crashed instance misses', async () => {
  await using driver = await TopologyTestDriver.create(countByKey())
  const input = driver.createInputTopic('in', texts)
  await input.pipeKeyValues(eachKeyOnce)
  await driver.removeInstance(0, { crash: true })
  const restarted = await driver.addInstance({ stateOf: 0 })
  const last = () => driver.restorations().at(-1)
  expect(last()).toMatchObject({ task: '0_0', store: 'counts', restored: 0 })
  await input.pipeKeyValues(eachKeyOnce)
  expect(await driver.storeEntries('counts')).toEqual(allAt(2n))

  await driver.removeInstance(restarted)
  await driver.addInstance()
  expect(last(), 'without a disk, everything').toMatchObject({ restored: 2 * KEYS.length })
  expect(await driver.storeEntries('counts')).toEqual(allAt(2n))
  await expect(driver.addInstance({ stateOf: 0 })).rejects.toMatchObject({ code: 'MILLRACE_DRIVER_INSTANCE_UNKNOWN' })
})

it('waits out what has no instance', async () => {
  await using driver = await TopologyTestDriver.create(countByKey())
  await driver.removeInstance(0)
  await driver.createInputTopic('in', texts).pipeInput('a', 'x')
  expect(driver.tasks()).toEqual([])
  expect(await driver.storeEntries('counts')).toEqual([])
  await driver.addInstance()
  expect(await driver.storeEntries('counts')).toEqual([['a', 1n]])
})
