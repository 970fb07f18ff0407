import assert from 'node:assert/strict'
import type { KeyRange, Readable, StoreChanges, TaskState } from '@millrace/core'
import fc from 'fast-check'
import { entriesOf, hex, silentLogger, type StoreCase, type StoreHarness } from './store-harness.ts'

const STORES = ['a', 'b'] as const

/** Few bytes and short keys, so that changes meet; those at the ends of the order, where mistakes are. */
const key = fc
  .array(fc.constantFrom(0x00, 0x01, 0x7f, 0x80, 0xff), { maxLength: 3 })
  .map(numbers => Uint8Array.from(numbers))
const value = fc.uint8Array({ maxLength: 4 })
const store = fc.constantFrom(...STORES)
const bounds = fc.record({ from: key, to: key }, { requiredKeys: [] })
const range = fc.record(
  { from: key, to: key, reverse: fc.boolean(), limit: fc.integer({ min: 0, max: 6 }) },
  { requiredKeys: [] },
)
const changes = fc
  .record({
    store,
    deleteRanges: fc.oneof(
      { weight: 4, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(bounds, { maxLength: 2 }) },
    ),
    pairs: fc.array(fc.tuple(key, fc.option(value)), { maxLength: 30, size: 'max' }),
  })
  .map(({ pairs, ...change }): StoreChanges => ({
    ...change,
    keys: pairs.map(([k]) => k),
    values: pairs.map(([, v]) => v),
  }))

const command = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('write' as const), changes: fc.array(changes, { maxLength: 3 }) }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('iterate' as const), store, range }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('getMany' as const), store, keys: fc.array(key) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('snapshot' as const), store }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('readSnapshots' as const), range }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
)

type Command = typeof command extends fc.Arbitrary<infer Step> ? Step : never

/** A store as a sorted list is: latin1 text of the key, in byte order, to hex of the value. */
type Model = ReadonlyMap<string, string>

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

function contains({ from, to }: KeyRange, text: string): boolean {
  return (from === undefined || text >= latin1(from)) && (to === undefined || text < latin1(to))
}

function changed(model: Model, { deleteRanges = [], keys, values }: StoreChanges): Model {
  const next = new Map([...model].filter(([text]) => !deleteRanges.some(deleted => contains(deleted, text))))
  keys.forEach((bytes, index) => {
    const written = values[index]
    if (written == null) next.delete(latin1(bytes))
    else next.set(latin1(bytes), Buffer.from(written).toString('hex'))
  })
  return next
}

function listed(model: Model, range: KeyRange): [string, string][] {
  const inRange = [...model].filter(([text]) => contains(range, text)).sort(([a], [b]) => (a < b ? -1 : 1))
  return (range.reverse === true ? inRange.reverse() : inRange).slice(0, range.limit ?? Infinity)
}

async function expectListed(readable: Readable, model: Model, asked: KeyRange): Promise<void> {
  const entries = await entriesOf(readable, asked)
  assert.deepEqual(
    entries.map(([k, v]) => [latin1(k), hex(v)]),
    listed(model, asked),
  )
}

async function runCommands(harness: StoreHarness, commands: readonly Command[]): Promise<void> {
  const directory = harness.freshDirectory()
  const open = (): Promise<TaskState> => harness.backend.open({ directory, stores: STORES, logger: silentLogger })
  let state = await open()
  let models = new Map<string, Model>(STORES.map(name => [name, new Map()]))
  let snapshots: { readonly taken: ReturnType<ReturnType<TaskState['store']>['snapshot']>; readonly model: Model }[] =
    []
  let offset = 0
  try {
    for (const step of commands) {
      if (step.kind === 'write') {
        await state.write(step.changes, [{ topic: 't', partition: 0, offset: ++offset }])
        models = new Map(models)
        for (const change of step.changes) models.set(change.store, changed(models.get(change.store)!, change))
        assert.deepEqual(await state.offsets(), [{ topic: 't', partition: 0, offset }])
      } else if (step.kind === 'iterate') {
        await expectListed(state.store(step.store), models.get(step.store)!, step.range)
      } else if (step.kind === 'getMany') {
        const values = await state.store(step.store).getMany(step.keys)
        assert.deepEqual(
          values.map(hex),
          step.keys.map(bytes => models.get(step.store)!.get(latin1(bytes))),
        )
      } else if (step.kind === 'snapshot') {
        snapshots.push({ taken: state.store(step.store).snapshot(), model: models.get(step.store)! })
      } else if (step.kind === 'readSnapshots') {
        for (const { taken, model } of snapshots) await expectListed(taken, model, step.range)
      } else if (harness.backend.capabilities.durable) {
        // Snapshots are left open on purpose: closing ends them.
        await state.close()
        snapshots = []
        state = await open()
      }
    }
    for (const name of STORES) await expectListed(state.store(name), models.get(name)!, {})
  } finally {
    await state.close()
  }
}

export const storeModelCase: StoreCase = {
  name: 'behaves as a sorted list under any writes, deletions, iterations, snapshots and reopenings',
  run: harness =>
    fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 40, size: 'max' }), commands => runCommands(harness, commands)),
      { numRuns: 30 },
    ),
}
