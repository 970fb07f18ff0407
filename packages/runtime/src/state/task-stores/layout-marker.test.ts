import { ByteSink, memoryStore, type StorePlan, string, type TaskState } from '@millrace/core'
import { expect, it } from 'vitest'
import { silentLogger } from '../../observe/console-logger.ts'
import { TaskStores } from './task-stores.ts'

const TOPIC = 'store-changelog'

/** A disk: what was written is there when it is opened again. */
async function disk() {
  const stores = ['store', 'store#expiry']
  const state = await memoryStore().open({ directory: '', stores, logger: silentLogger })
  const kept: TaskState = {
    store: name => state.store(name),
    write: (changes, offsets) => state.write(changes, offsets),
    offsets: () => state.offsets(),
    sync: () => state.sync(),
    close: async () => undefined,
  }
  const open = async (ttlMs?: number) => {
    const plan: StorePlan = {
      name: 'store',
      kind: 'key-value',
      timestamped: false,
      keySerde: string(),
      valueSerde: string(),
      caching: false,
      changelog: undefined,
      processors: [],
      ...(ttlMs === undefined ? {} : { ttlMs, ttlBy: 'stream-time' as const }),
    }
    return await TaskStores.open({
      stores: [{ plan, changelogTopic: TOPIC, changelogIsSource: false }],
      partition: 0,
      persistent: { ...memoryStore(), open: async () => kept },
      directory: '',
      logger: silentLogger,
      recover: async () => undefined,
    })
  }
  const size = async (name: string) => (await state.store(name).iterate().nextChunk()).length
  return { open, size }
}

it.each<readonly [before: number | undefined, after: number | undefined, kept: boolean]>([
  [undefined, undefined, true],
  [100, 100, true],
  // The index holds timestamps, and not when they expire.
  [100, 200, true],
  [undefined, 100, false],
  [100, undefined, false],
])('with a ttlMs of %s, then of %s, a store is kept: %s', async (before, after, kept) => {
  const { open, size } = await disk()
  const first = await open(before)
  const codec = first.codecs.get('store')!
  const keys = [codec.restoredKey(Buffer.from('a'), 0, 1, 7)]
  const records = { keys, values: [codec.restoredValue(new ByteSink(), Buffer.from('x'), 0, 1, 7)] }
  await first.restore('store', records, { topic: TOPIC, partition: 0, offset: 5 })
  await first.close()
  expect(await size('store#expiry')).toBe(before === undefined ? 0 : 1)

  const second = await open(after)
  expect((await second.offsets()).get(TOPIC)).toBe(kept ? 5 : 0)
  expect(await size('store')).toBe(kept ? 1 : 0)
  if (after !== undefined) expect(await size('store#expiry')).toBe(kept ? 1 : 0)
})
