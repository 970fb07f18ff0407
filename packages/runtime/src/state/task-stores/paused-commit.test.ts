import { memoryStore, NO_HEADERS, type ReadOnlyKeyValueStore, type StorePlan, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { silentLogger } from '../../observe/console-logger.ts'
import type { KeyedBuffer } from '../buffer/task-buffer.ts'
import type { Pause } from '../pause.ts'
import { TaskStores } from './task-stores.ts'

const KEYS = Array.from({ length: 300 }, (_, n) => `key-${n}`)
const context = { timestamp: 0, headers: NO_HEADERS, topic: null, partition: -1, offset: -1 }
const plan: StorePlan = {
  name: 'first',
  kind: 'key-value',
  timestamped: false,
  keySerde: string(),
  valueSerde: string(),
  caching: true,
  changelog: undefined,
  processors: [],
}

/** Two stores, of which the first one passes on to the second what its cache held back. */
async function open() {
  const plans = [plan, { ...plan, name: 'second', caching: false }]
  const stores = await TaskStores.open({
    stores: plans.map(each => ({ plan: each, changelogTopic: undefined, changelogIsSource: false })),
    partition: 0,
    persistent: memoryStore(),
    directory: 'paused-commit',
    logger: silentLogger,
    recover: async () => undefined,
  })
  const told: string[] = []
  await stores.start(context, ({ plan: { name } }) => (_time, bytes, keyStart, keyEnd, valueStart, valueEnd) => {
    told.push(`${name} ${bytes.toString('latin1', keyStart, keyEnd)}=${bytes.toString('latin1', valueStart, valueEnd)}`)
  })
  const first = stores.buffer('first') as KeyedBuffer
  const second = stores.buffer('second') as KeyedBuffer
  first.onEmit(async ({ key }, value) => {
    const found = await second.get(key)
    second.put(key, 0, `${(found?.value as string | undefined) ?? ''}${value as string}`, 0)
  }, false)
  const put = (value: string) => KEYS.forEach(key => first.put(key, 0, value, 0))
  const commit = async (pause?: Pause) => {
    await stores.flush(pause)
    await stores.persist(new Map(), [], pause)
    await stores.settle()
  }
  const read = async (store: string, isolation: 'committed' | 'uncommitted', key: string) => {
    // By a range, which reads the backend and what is not in it, and not only the heap.
    await using view = await stores.view(store, isolation)
    const found: string[] = []
    for await (const [, value] of (view.store as ReadOnlyKeyValueStore<string, string>).range({ from: key, to: key }))
      found.push(value)
    return found.join()
  }
  return { stores, told, put, commit, read }
}

it('while a commit pauses, committed reads show the last commit of all keys, uncommitted ones the change, and what is emitted stays the same', async () => {
  const app = await open()
  app.put('1')
  await app.commit()
  app.put('2')
  const seen = new Set<string>()
  let pauses = 0
  await app.commit(() => {
    pauses++
    return look()
  })
  // In the flush of each store before each 64 keys, and once before the backend's write.
  expect(pauses).toBe(5 + 5 + 1)
  expect([...seen].sort()).toEqual(['committed first 1', 'committed second 1', 'uncommitted first 2'])
  expect(await app.read('first', 'committed', 'key-0')).toBe('2')
  expect(await app.read('second', 'committed', 'key-299')).toBe('12')

  const plain = await open()
  plain.put('1')
  await plain.commit()
  plain.put('2')
  await plain.commit()
  expect(app.told).toEqual(plain.told)
  expect(app.told.length).toBe(4 * KEYS.length)
  await app.stores.close()
  await plain.stores.close()

  async function look(): Promise<void> {
    for (const key of ['key-0', 'key-150', 'key-299']) {
      for (const store of ['first', 'second']) seen.add(`committed ${store} ${await app.read(store, 'committed', key)}`)
      seen.add(`uncommitted first ${await app.read('first', 'uncommitted', key)}`)
    }
  }
})
