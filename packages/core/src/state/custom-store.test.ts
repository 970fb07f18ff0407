import { TopologyTestDriver } from '@millrace/testing'
import {
  customStore,
  int,
  type ProcessorContext,
  type StateStore,
  type StateStoreContext,
  StreamsBuilder,
  string,
} from '@millrace/core'
import { expect, it } from 'vitest'

const numbers = { key: string(), value: int() }

/** The largest value and who has it. Tells what the engine asks of it. */
interface Highest extends StateStore<string, number> {
  offer(key: string, value: number): string
}

function highestOf(calls: string[], caching = false) {
  return customStore({
    name: 'highest',
    ...numbers,
    caching,
    open: ({ entries, partition }: StateStoreContext<string, number>): Highest => {
      let best: readonly [key: string, value: number] = ['nobody', -1]
      const offer = (key: string, value: number) => {
        if (value > best[1]) best = [key, value]
        return best[0]
      }
      calls.push(`open ${partition}`)
      return {
        async restore(committed) {
          const restored: string[] = []
          for await (const [key, value] of committed) {
            restored.push(`${key}=${value}`)
            offer(key, value)
          }
          calls.push(`restore ${restored.join(' ')}`)
        },
        flush: () => void calls.push('flush'),
        commit: () => void calls.push('commit'),
        close: () => void calls.push('close'),
        offer(key, value) {
          entries.put(key, value)
          return offer(key, value)
        },
      }
    },
  })
}

function topology(highest: ReturnType<typeof highestOf>) {
  const builder = new StreamsBuilder()
  builder
    .addStateStore(highest)
    .stream('in', numbers)
    .process<string, string>(
      () => {
        let context!: ProcessorContext<string, string>
        return {
          init: given => {
            context = given
          },
          process: ({ key, value }) => context.forward({ key, value: context.store(highest).offer(key, value) }),
        }
      },
      { stores: ['highest'] },
    )
    .to('out', { key: string(), value: string() })
  return builder.build()
}

it('is made for each task, given what was committed, flushed and told of each commit, and closed', async () => {
  const calls: string[] = []
  const highest = highestOf(calls)
  await using driver = await TopologyTestDriver.create(topology(highest), {
    commitEachRecord: false,
    processingGuarantee: 'exactly_once',
  })
  expect(calls.splice(0)).toEqual(['open 0', 'restore '])
  const input = driver.createInputTopic('in', numbers)
  await input.pipeInput('b', 2)
  await input.pipeInput('a', 5)
  await driver.commit()
  expect(calls.splice(0)).toEqual(['flush', 'commit'])
  expect(driver.storeParts(highest).map(({ store }) => store.offer('c', 1))).toEqual(['a'])
  await driver.removeInstance(0, { crash: true })
  expect(calls.splice(0)).toEqual([])
  await driver.addInstance()
  expect(calls.splice(0)).toEqual(['open 0', 'restore a=5 b=2'])
  await input.pipeInput('b', 4)
  await driver.commit()
  expect(driver.createOutputTopic('out', { key: string(), value: string() }).readRecordsToList().at(-1)?.value).toBe(
    'a',
  )
  expect(await driver.storeEntries('highest')).toEqual([
    ['a', 5],
    ['b', 4],
  ])
  calls.length = 0
  await driver.removeInstance(0 + 1)
  expect(calls).toContain('close')
})

it.each([
  [false, ['a=1', 'a=2', 'b=3']],
  [true, ['a=2', 'b=3']],
])('logs what is put, with a cache (%s) once for each key and commit', async (caching, logged) => {
  const highest = highestOf([], caching)
  await using driver = await TopologyTestDriver.create(topology(highest), { commitEachRecord: false })
  const input = driver.createInputTopic('in', numbers)
  await input.pipeInput('a', 1)
  await input.pipeInput('a', 2)
  await input.pipeInput('b', 3)
  await driver.commit()
  const changelog = driver.createOutputTopic('topology-test-driver-highest-changelog', numbers).readRecordsToList()
  expect(changelog.map(({ key, value }) => `${key}=${value}`)).toEqual(logged)
})

it('has a part for each partition, and none that were the whole', async () => {
  const highest = highestOf([])
  await using driver = await TopologyTestDriver.create(topology(highest), { partitions: 3, instances: 2 })
  expect(driver.storeParts(highest).map(({ partition }) => partition)).toEqual([0, 1, 2])
  expect(() => driver.store(highest)).toThrow(expect.objectContaining({ code: 'MILLRACE_DRIVER_STORE_KIND' }))
})

it('cannot be global, and can be kept from a topic that others write', async () => {
  const highest = highestOf([])
  const builder = new StreamsBuilder()
  expect(() => builder.addGlobalStore(highest, 'in', numbers, () => ({ process: () => undefined }))).toThrow(
    expect.objectContaining({ code: 'MILLRACE_TOPOLOGY_OPTION_INVALID' }),
  )
  const fromTopic = new StreamsBuilder()
  fromTopic.addReadOnlyStateStore(highest, 'in', numbers, () => {
    let store!: Highest
    return {
      init: context => {
        store = context.store(highest)
      },
      process: ({ key, value }) => void store.offer(key, value),
    }
  })
  await using driver = await TopologyTestDriver.create(fromTopic.build())
  await driver.createInputTopic('in', numbers).pipeInput('a', 7)
  await driver.removeInstance(0, { crash: true })
  await driver.addInstance()
  expect(driver.storeParts(highest)[0]!.store.offer('b', 6)).toBe('a')
})
