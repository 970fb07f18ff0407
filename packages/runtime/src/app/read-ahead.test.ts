import { memoryStore, type StoreBackend, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from './application.fixture.ts'

const KEYS = 2_000
const RECORDS = 12_000
/** Of the rows after a commit, an eighth is left on the heap. */
const BUDGET_BYTES = 192 * KEYS

/** A backend that answers with promises, and counts: reads of one key, and keys that are read together. */
function countedStore() {
  const reads = { one: 0, together: 0 }
  const inner = memoryStore()
  const backend: StoreBackend = {
    ...inner,
    capabilities: { ...inner.capabilities, syncReads: false },
    async open(options) {
      const state = await inner.open(options)
      return {
        ...state,
        store(name) {
          const space = state.store(name)
          return {
            ...space,
            get(key) {
              reads.one++
              return space.get(key)
            },
            getMany(keys) {
              reads.together += keys.length
              return space.getMany(keys)
            },
          }
        },
      }
    },
  }
  return { backend, reads }
}

it('what commits evict before it is used is read ahead again, and not key by key', async () => {
  const app = testApplication({ users: 1, views: 1 })
  const users = Array.from({ length: KEYS }, (_, index) => ({ key: `user-${index}`, value: 'row' }))
  const views = Array.from({ length: RECORDS }, (_, index) => ({ key: `user-${(index * 7) % KEYS}`, value: 'view' }))
  await app.send('users', users)
  await app.send(
    'views',
    views.map(view => ({ ...view, timestamp: 1 })),
  )
  const texts = { key: string(), value: string() }
  const builder = new StreamsBuilder()
  const table = builder.table('users', { ...texts, store: 'users' })
  const joined: string[] = []
  builder
    .stream('views', texts)
    .join(table, (view, user) => `${view} ${user}`)
    .peek(value => void joined.push(value))
  const { backend, reads } = countedStore()
  const instance = await app.start(builder.build(), {
    store: backend,
    commitIntervalMs: 3_600_000,
    stateBufferBytes: BUDGET_BYTES,
  })
  for (let round = 0; joined.length < RECORDS && round < 1_000; round++) {
    await instance.step(0, 500)
    await new Promise(resolve => setImmediate(resolve))
  }
  await instance.end({ clean: true, leave: true })
  await app.client.close()

  expect(joined.length).toBe(RECORDS)
  expect(reads.together).toBeGreaterThan(RECORDS / 2)
  // At most what was read before it was known that reads miss.
  expect(reads.one).toBeLessThan(100)
  // Not much more than is used.
  expect(reads.together).toBeLessThan(2 * RECORDS)
})
