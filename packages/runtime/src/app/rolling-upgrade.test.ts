import { seededRandom } from '@millrace/core'
import { expect, it } from 'vitest'
import type { Instance } from './instance.ts'
import { alike, inputsOf, PARTITIONS, twoVersions, version1, version2 } from './two-versions.fixture.ts'

const OTHERS = ['other-0', 'other-1', 'other-2', 'other-3']
const tasksOf = (instance: Instance) => instance.tasks.map(({ name }) => name)
const eachKey = (counts: readonly number[]) =>
  new Map(Array.from({ length: PARTITIONS }, (_, partition) => [`key-${partition}`, counts]))

/** Everything settles after each step. */
async function world(rebalance: 'cooperative' | 'eager') {
  const group = await twoVersions({ rebalance })
  const { run } = group
  return {
    ...group,
    async start(...args: Parameters<typeof group.start>): Promise<Instance> {
      const instance = await group.start(...args)
      await run()
      return instance
    },
    async stop(instance: Instance, slow?: Instance): Promise<void> {
      await group.stop(instance)
      await run(120, slow)
    },
    async sendToEach(): Promise<void> {
      await group.sendToEach()
      await run()
    },
  }
}

it.each(['cooperative', 'eager'] as const)(
  'two versions in one group: all tasks are run by one of them at a time, and nothing is lost or doubled, %s',
  async rebalance => {
    const { start, stop, sendToEach, results, warnings } = await world(rebalance)
    const [a, b] = [await start('a', version1), await start('b', version1)]
    await sendToEach()
    expect([...tasksOf(a), ...tasksOf(b)].sort()).toEqual(['0_0', '0_1', '0_2', '0_3'])
    const c = await start('c', version2)
    await sendToEach()
    expect(tasksOf(c)).toEqual([])
    expect(warnings).toEqual([expect.stringContaining('is led by an instance with another topology')])
    await stop(b)
    const d = await start('d', version2)
    await sendToEach()
    expect([tasksOf(a), tasksOf(c), tasksOf(d)]).toEqual([['0_0', '0_1', '0_2', '0_3'], [], []])
    expect(await results()).toEqual(eachKey([1, 2, 3]))
    await stop(a)
    await sendToEach()
    const all = ['0_0', '0_1', '0_2', '0_3', '1_0', '1_1', '1_2', '1_3']
    expect([...tasksOf(c), ...tasksOf(d)].sort()).toEqual(all)
    expect(tasksOf(c)).toHaveLength(4)
    expect(await results()).toEqual(eachKey([1, 2, 3, 4]))

    // One of the old version comes back by mistake.
    const late = await start('late', version1)
    await sendToEach()
    expect(tasksOf(late)).toEqual([])
    await stop(c)
    await stop(d)
    await sendToEach()
    expect(tasksOf(late)).toEqual(['0_0', '0_1', '0_2', '0_3'])
    expect(await results()).toEqual(eachKey([1, 2, 3, 4, 5, 6]))
    await stop(late)
  },
)

it('a version with the same tasks takes its share at once', async () => {
  const { start, stop, sendToEach, results, warnings } = await world('cooperative')
  const a = await start('a', version1)
  await sendToEach()
  const b = await start('b', alike)
  await sendToEach()
  expect([tasksOf(a).length, tasksOf(b).length]).toEqual([2, 2])
  await stop(a)
  await sendToEach()
  expect(await results()).toEqual(eachKey([1, 2, 3]))
  expect(warnings).toEqual([])
  await stop(b)
})

it.each(['cooperative', 'eager'] as const)(
  'a leader of the new version waits until the old one has given up what it holds, %s',
  async rebalance => {
    const { start, stop, sendToEach, results } = await world(rebalance)
    const a = await start('a', version1)
    const c = await start('c', version2)
    const slow = await start('slow', version1)
    await sendToEach()
    expect([tasksOf(a).length, tasksOf(slow).length, tasksOf(c).length]).toEqual([2, 2, 0])
    await sendToEach()
    await stop(a, slow)
    await sendToEach()
    expect([inputsOf(slow), inputsOf(c)]).toEqual([[], ['in-0', 'in-1', 'in-2', 'in-3', ...OTHERS]])
    expect(await results()).toEqual(eachKey([1, 2, 3]))
    await stop(slow)
    await stop(c)
  },
)

it.each(Array.from({ length: 20 }, (_, seed) => seed))(
  'however instances of two versions start, stop and crash, every count is exact: seed %i',
  async seed => {
    const random = seededRandom(seed)
    const pick = (count: number) => Math.floor(random() * count)
    const group = await twoVersions({
      rebalance: random() < 0.5 ? 'cooperative' : 'eager',
      transactions: random() < 0.5 ? 'producer-per-task' : 'group-metadata',
    })
    const { all, clock } = group
    let sent = 0
    for (const name of ['first', 'second']) await group.start(name, version1)
    for (let round = 0; round < 400; round++) {
      const dice = random()
      if (dice < 0.01 && all.length < 5) await group.start(`p${round}`, random() < 0.5 ? version1 : version2)
      else if (dice < 0.015 && all.length > 1) await group.stop(all[pick(all.length)]!, { leave: random() < 0.7 })
      else if (dice < 0.02 && all.length > 1) group.crash(all[pick(all.length)]!)
      else if (dice < 0.1) {
        await group.sendToEach()
        sent++
      }
      await group.step(all[pick(all.length)]!)
      await clock.advance(pick(40))
    }
    while (all.length > 1) await group.stop(all[pick(all.length)]!)
    await group.run(800)
    expect(await group.results()).toEqual(eachKey(Array.from({ length: sent }, (_, n) => n + 1)))
  },
)
