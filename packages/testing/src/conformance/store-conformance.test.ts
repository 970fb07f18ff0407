import { type KeySpace, memoryStore, type StoreBackend, storeIterator, type TaskState } from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { storeConformance } from './store-conformance.ts'

/** memoryStore with one thing wrong: of the state, or of every store of it. */
interface Defect {
  readonly state?: (state: TaskState) => Partial<TaskState>
  readonly space?: (space: KeySpace) => Partial<KeySpace>
}

function defective({ state: ofState, space: ofSpace }: Defect): StoreBackend {
  const sound = memoryStore()
  return {
    ...sound,
    async open(options) {
      const state = await sound.open(options)
      const store = (name: string): KeySpace => {
        const space = state.store(name)
        return { ...space, ...ofSpace?.(space) }
      }
      return { ...state, store, ...ofState?.(state) }
    },
  }
}

const DEFECTS: readonly (readonly [string, Defect])[] = [
  [
    'getMany leaves misses out',
    { space: space => ({ getMany: async keys => (await space.getMany(keys)).filter(Boolean) }) },
  ],
  [
    'an empty value is no value',
    {
      space: space => ({
        get: async key => (((await space.get(key)) ?? []).length === 0 ? undefined : space.get(key)),
      }),
    },
  ],
  [
    'iteration ignores its direction',
    { space: space => ({ iterate: range => space.iterate({ ...range, reverse: false }) }) },
  ],
  [
    'iteration ignores its limit',
    { space: space => ({ iterate: range => space.iterate({ ...range, limit: Infinity }) }) },
  ],
  [
    'iteration ends after a chunk',
    { space: space => ({ iterate: range => space.iterate({ ...range, limit: Math.min(256, range?.limit ?? 256) }) }) },
  ],
  [
    'iteration starts when it is first read',
    { space: space => ({ iterate: range => late(() => space.iterate(range)) }) },
  ],
  [
    'a snapshot shows later writes',
    { space: space => ({ snapshot: () => ({ ...space, [Symbol.asyncDispose]: async () => {} }) }) },
  ],
  ['the count is that of nothing', { space: () => ({ approximateCount: async () => 0 }) }],
  [
    'ranges are not deleted',
    {
      state: state => ({
        write: (changes, offsets) =>
          state.write(
            changes.map(change => ({ ...change, deleteRanges: [] })),
            offsets,
          ),
      }),
    },
  ],
  [
    'an unknown store is left out',
    {
      state: state => ({
        write: (changes, offsets) =>
          state.write(
            changes.filter(({ store }) => store !== 'nobody'),
            offsets,
          ),
      }),
    },
  ],
  ['offsets are not kept', { state: state => ({ write: changes => state.write(changes, []) }) }],
  [
    'offsets are those of the last write only',
    { state: state => ({ offsets: async () => (await state.offsets()).slice(-1) }) },
  ],
  ['a closed state goes on', { state: () => ({ close: async () => {} }) }],
]

/** What an adapter does whose database opens its iterator at the first read. */
function late(open: () => ReturnType<KeySpace['iterate']>): ReturnType<KeySpace['iterate']> {
  let opened: ReturnType<KeySpace['iterate']> | undefined
  return storeIterator({
    nextChunk: () => (opened ??= open()).nextChunk(),
    release: async () => {
      await opened?.[Symbol.asyncDispose]()
    },
  })
}

async function failuresOf(backend: StoreBackend): Promise<string[]> {
  const failures: string[] = []
  for (const { name, requires, run } of storeConformance()) {
    if (requires?.(backend.capabilities) !== undefined) continue
    await run({ backend, freshDirectory: () => 'unused' }).catch(() => failures.push(name))
  }
  return failures
}

describe('the conformance suite of stores', () => {
  it('passes what is sound', async () => {
    expect(await failuresOf(defective({}))).toEqual([])
  })

  it.each(DEFECTS)('fails when %s', async (_what, defect) => {
    expect(await failuresOf(defective(defect))).not.toEqual([])
  })
})
