import assert from 'node:assert/strict'
import { int, type Plan, type StoreBuilder, StreamsBuilder, string } from '@millrace/core'
import { TopologyTestDriver } from '../driver/topology-test-driver.ts'
import type { ConformanceCase } from './conformance-case.ts'

/** A custom store, with the operations on it and its visible state. */
export interface StateStoreHarness {
  readonly builder: StoreBuilder
  /** What processors do to the store, one step for each record: a dozen that change, replace and delete. */
  readonly steps: readonly ((store: never) => void | Promise<void>)[]
  /** All that can be seen of the store, as plain data. */
  look(store: never): unknown
}

/** The types of the builder's store, which `StateStoreHarness` does not know. */
export interface TypedStateStoreHarness<Store> extends StateStoreHarness {
  readonly builder: StoreBuilder<Store>
  readonly steps: readonly ((store: Store) => void | Promise<void>)[]
  look(store: Store): unknown
}

export type StateStoreCase = ConformanceCase<StateStoreHarness, never>

/**
 * The rules for every custom store, so that it neither loses nor duplicates anything: whatever it shows comes from its entries.
 *
 * @example
 * const harness = stateStoreHarness({ builder: places, steps: [store => store.move('a', 1, 1)], look: store => store.all() })
 * it.each(stateStoreConformance())('$name', ({ run }) => run(harness))
 */
export function stateStoreConformance(): readonly StateStoreCase[] {
  return CASES
}

/** Has the compiler check steps and look against the store. */
export function stateStoreHarness<Store>(harness: TypedStateStoreHarness<Store>): StateStoreHarness {
  return harness
}

const CASES: readonly StateStoreCase[] = [
  {
    name: 'shows what the steps have done, the same each time',
    async run(harness) {
      const first = await uninterrupted(harness)
      assert.notDeepEqual(first.seen, first.empty, 'the steps of the harness have to leave something behind')
      assert.deepEqual(await uninterrupted(harness), first)
    },
  },
  {
    name: 'comes to the same with a commit after each step and with one for all',
    async run(harness) {
      assert.deepEqual(await uninterrupted(harness, { commitEachRecord: true }), await uninterrupted(harness))
    },
  },
  ...(['kept', 'lost'] as const).map((disk): StateStoreCase => ({
    name: `goes on after a restart at any step as if there had been none, with its disk ${disk}`,
    async run(harness) {
      const whole = await uninterrupted(harness)
      for (let step = 1; step <= harness.steps.length; step++) {
        await using run = await begin(harness)
        await run.take(0, step)
        await run.driver.commit()
        const before = await run.look()
        await run.driver.removeInstance(0, { crash: true })
        await run.driver.addInstance(disk === 'kept' ? { stateOf: 0 } : {})
        if (disk === 'lost' && !isLogged(harness)) {
          assert.deepEqual(await run.look(), whole.empty, 'without a changelog nothing can be left')
          return
        }
        assert.deepEqual(await run.look(), before, `restored after ${step} steps`)
        await run.take(step)
        await run.driver.commit()
        assert.deepEqual(
          await run.result(),
          { seen: whole.seen, entries: whole.entries },
          `${step} steps, and the others`,
        )
      }
    },
  })),
  {
    name: 'forgets in a crash what was not committed',
    async run(harness) {
      const { steps } = harness
      for (let committed = 0; committed < steps.length; committed++) {
        await using run = await begin(harness)
        await run.take(0, committed)
        await run.driver.commit()
        const before = await run.look()
        await run.take(committed)
        // What is processed again must not hide what was kept.
        run.idle()
        await run.driver.removeInstance(0, { crash: true })
        await run.driver.addInstance({ stateOf: 0 })
        assert.deepEqual(await run.look(), before, `${committed} steps were committed`)
      }
    },
  },
]

interface Run extends AsyncDisposable {
  readonly driver: TopologyTestDriver
  /** Processes the steps from one to before another. */
  take(from: number, to?: number): Promise<void>
  look(): Promise<unknown>
  /** The state after a commit. */
  result(): Promise<{ readonly seen: unknown; readonly entries: unknown }>
  /** From now on steps do nothing. */
  idle(): void
}

async function begin(harness: StateStoreHarness, options: { readonly commitEachRecord?: boolean } = {}): Promise<Run> {
  let working = true
  const plan = onePerRecord(harness, () => working)
  const driver = await TopologyTestDriver.create(plan, { commitEachRecord: false, initialWallClockMs: 0, ...options })
  const input = driver.createInputTopic('steps', { key: string(), value: int() })
  const { name } = harness.builder
  const look = async () => await harness.look(driver.storeParts(harness.builder)[0]!.store as never)
  return {
    driver,
    look,
    async take(from, to = harness.steps.length) {
      for (let step = from; step < to; step++) await input.pipeInput('step', step, { timestamp: step })
    },
    result: async () => ({ seen: await look(), entries: await driver.storeEntries(name) }),
    idle() {
      working = false
    },
    [Symbol.asyncDispose]: () => driver.close(),
  }
}

function onePerRecord({ builder, steps }: StateStoreHarness, working: () => boolean): Plan {
  const topology = new StreamsBuilder()
  topology
    .addStateStore(builder)
    .stream('steps', { key: string(), value: int() })
    .process<string, number>(
      () => {
        let store: unknown
        return {
          init: context => {
            store = context.store(builder)
          },
          process: async ({ value }) => {
            if (working()) await steps[value]!(store as never)
          },
        }
      },
      { stores: [builder.name] },
    )
  return topology.build()
}

async function uninterrupted(harness: StateStoreHarness, options: { readonly commitEachRecord?: boolean } = {}) {
  await using run = await begin(harness, options)
  const empty = await run.look()
  await run.take(0)
  await run.driver.commit()
  return { empty, ...(await run.result()) }
}

function isLogged({ builder }: StateStoreHarness): boolean {
  return builder.draft.changelog !== undefined
}
