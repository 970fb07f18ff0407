import { setImmediate as nextTurn } from 'node:timers/promises'
import { type KeyValueStore, keyValueStore, type ProcessorContext, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

const texts = { key: string(), value: string() }

interface Given {
  readonly context: ProcessorContext<string, string>
  readonly store: KeyValueStore<string, string>
  /** Begun in the call that has ended. */
  readonly entries: AsyncIterator<unknown>
}

const uses: Record<string, (given: Given) => unknown> = {
  forward: ({ context }) => context.forward({ key: 'k', value: 'late' }),
  'store.get': ({ store }) => store.get('k'),
  'store.put': ({ store }) => store.put('k', 'late'),
  'store.all': ({ store }) => store.all(),
  'an iterator': ({ entries }) => entries.next(),
  store: ({ context }) => context.store('store'),
  commit: ({ context }) => context.commit(),
  schedule: ({ context }) => context.schedule(1000, 'wall-clock', () => undefined),
  recordMetadata: ({ context }) => context.recordMetadata,
  count: ({ context }) => context.count('late'),
}

/** A processor that goes on with "a" when nobody waits for it any more: `during` the work on "b", or when nothing is under way. */
async function run(use: (given: Given) => unknown, during: boolean) {
  const outcomes: unknown[] = []
  let release = (): void => undefined
  const released = new Promise<void>(resolve => {
    release = resolve
  })
  const builder = new StreamsBuilder()
  builder
    .addStateStore(keyValueStore({ name: 'store', ...texts }))
    .stream('in', texts)
    .process<string, string>(
      () => {
        let context: ProcessorContext<string, string>
        let store: KeyValueStore<string, string>
        const goesOn = async () => {
          const entries = store.all()[Symbol.asyncIterator]()
          await released
          try {
            outcomes.push(await use({ context, store, entries }))
          } catch (error) {
            outcomes.push((error as Error).message)
          }
        }
        return {
          init(given) {
            context = given
            store = given.store('store') as KeyValueStore<string, string>
          },
          process({ key, value }) {
            if (value === 'a') return void goesOn()
            if (!during) return void context.forward({ key, value })
            return (async () => {
              release()
              for (let turn = 0; turn < 5; turn++) await nextTurn()
              // Its own call lasts, whatever it has waited for.
              store.put(key, value)
              await context.forward({ key, value })
            })()
          },
        }
      },
      { stores: ['store'], name: 'forgetful' },
    )
    .to('out', texts)
  const driver = await TopologyTestDriver.create(builder.build())
  const input = driver.createInputTopic('in', texts)
  await input.pipeInput('k', 'a')
  await input.pipeInput('k', 'b')
  release()
  for (let turn = 0; turn < 5; turn++) await nextTurn()
  await driver.settle()
  const values = driver.createOutputTopic('out', texts).readValuesToList()
  await driver.close()
  return { outcomes, values }
}

const cases = Object.keys(uses).flatMap(what => [true, false].map(during => ({ what, during })))
it.each(cases)(
  '$what after its call has ended is refused; another call under way: $during',
  async ({ what, during }) => {
    const { outcomes, values } = await run(uses[what]!, during)
    expect(outcomes).toEqual([expect.stringMatching(/^MILLRACE_CONTEXT_OUTLIVED: forgetful uses /)])
    expect(values).toEqual(['b'])
  },
)

it('waits for what a processor forwards and does not await', async () => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .process<string, string>(() => {
      let context: ProcessorContext<string, string>
      return {
        init: given => void (context = given),
        process: record => void context.forward(record),
      }
    })
    .mapValues(async value => {
      for (let turn = 0; turn < 5; turn++) await nextTurn()
      return `${value}!`
    })
    .to('out', texts)
  await using driver = await TopologyTestDriver.create(builder.build())
  const input = driver.createInputTopic('in', texts)
  await input.pipeValues(['a', 'b', 'c'])
  expect(driver.createOutputTopic('out', texts).readValuesToList()).toEqual(['a!', 'b!', 'c!'])
})

it('lets a timer and a transformer use what they were given in init', async () => {
  const builder = new StreamsBuilder()
  builder
    .addStateStore(keyValueStore({ name: 'store', ...texts }))
    .stream('in', texts)
    .process<string, string>(
      () => {
        let store: KeyValueStore<string, string>
        return {
          init(context) {
            store = context.store('store') as KeyValueStore<string, string>
            context.schedule(1000, 'wall-clock', async () => {
              for await (const [key, value] of store.all()) await context.forward({ key, value })
            })
          },
          process: ({ key, value }) => store.put(key, value),
        }
      },
      { stores: ['store'] },
    )
    .to('out', texts)
  await using driver = await TopologyTestDriver.create(builder.build())
  await driver.createInputTopic('in', texts).pipeInput('k', 'a')
  await driver.advanceWallClock(1000)
  expect(driver.createOutputTopic('out', texts).readValuesToList()).toEqual(['a'])
})
