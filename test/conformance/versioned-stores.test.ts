import {
  json,
  memoryStore,
  seededRandom,
  type StoreBackend,
  StreamsBuilder,
  string,
  versionedStore,
} from '@millrace/core'
import { rocksdb } from '@millrace/store-rocksdb'
import { expect, it } from 'vitest'
import { memoryApps } from '../bad-input/memory-app.ts'

/** What is done to a versioned store, at the time of the record that says so: a put (null deletes), or a question. */
type Step = { readonly put: string | null } | { readonly asOf: number | null }

interface Given {
  readonly key: string
  readonly step: Step
  readonly timestamp: number
}

const HISTORY_MS = 150_000
const KEYS = ['a', 'ab', '']
const steps = json<Step>()
const RUNS = 3
const STEPS_OF_A_RUN = 30

function plan() {
  const builder = new StreamsBuilder()
  const kept = versionedStore({ name: 'kept', key: string(), value: string(), historyRetentionMs: HISTORY_MS })
  builder.addStateStore(kept)
  builder
    .stream('in', { key: string(), value: steps })
    .process<string, string>(
      () => {
        let store!: NonNullable<(typeof kept)['store']>
        let forward!: (key: string, value: string) => void | PromiseLike<void>
        return {
          init(context) {
            store = context.store(kept)
            forward = (key, value) => context.forward({ key, value })
          },
          async process({ key, value, timestamp }) {
            if ('put' in value) return await forward(key, JSON.stringify(await store.put(key, value.put, timestamp)))
            const found = await store.get(key, value.asOf ?? undefined)
            const versions: unknown[] = []
            for await (const version of store.versions(key, value.asOf === null ? {} : { from: value.asOf })) {
              versions.push(version)
            }
            await forward(key, JSON.stringify([found ?? null, versions]))
          },
        }
      },
      { stores: ['kept'] },
    )
    .to('out', { key: string(), value: string() })
  return builder.build()
}

/** Minutes apart and out of order, so that versions of a key are in several segments of the backend, and some are gone. */
function drawn(seed: number): readonly Given[] {
  const random = seededRandom(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  let minute = 4
  return Array.from({ length: RUNS * STEPS_OF_A_RUN }, () => {
    minute += below(10) === 0 ? 2 : 0
    const timestamp = (minute - below(4)) * 60_000 + below(3)
    const asOf = below(3) === 0 ? null : timestamp
    const step: Step = below(2) === 0 ? { put: below(5) === 0 ? null : `v${below(100)}` } : { asOf }
    return { key: KEYS[below(KEYS.length)]!, step, timestamp }
  })
}

/** What comes of the steps, in as many runs of the application, each of which begins where the last one has ended. */
async function answers(given: readonly Given[], store: StoreBackend, runs: number): Promise<readonly string[]> {
  await using apps = await memoryApps()
  for (const topic of ['in', 'out']) await apps.io.createTopic(topic, 1)
  for (let run = 0; run < runs; run++) {
    const some = given.slice((run * given.length) / runs, ((run + 1) * given.length) / runs)
    await apps.io.produce(
      'in',
      some.map(({ key, step, timestamp }) => ({
        partition: 0,
        key: Buffer.from(key),
        value: Buffer.from(steps.serialize(step, 'in')),
        timestamp,
      })),
    )
    // So little is kept on the heap that rows are read again within a run, too.
    const app = apps.app(plan(), { store, stateBufferBytes: 1, processingGuarantee: 'exactly_once' })
    await app.start()
    while ((await apps.io.unprocessed('app', 'in')) > 0) await new Promise(resolve => void setTimeout(resolve, 10))
    await app.close()
  }
  return (await apps.io.readAll('out')).map(({ value }) => String(value))
}

it.each(Array.from({ length: 6 }, (_, index) => index + 1))(
  'keeps versions on disk over restarts as memory does that is never left (seed %i)',
  async seed => {
    const given = drawn(seed)
    const expected = await answers(given, memoryStore(), 1)
    expect(expected).toHaveLength(given.length)
    expect(await answers(given, rocksdb({ memoryBytes: 16 * 1024 * 1024 }), RUNS)).toEqual(expected)
  },
)

it('draws what matters: versions that are refused, put out of order, and found', async () => {
  const found = (await Promise.all([1, 2, 3].map(seed => answers(drawn(seed), memoryStore(), 1)))).flat()
  expect(found.some(answer => answer.includes('"accepted":false'))).toBe(true)
  expect(found.some(answer => answer.includes('"accepted":true,"validTo"'))).toBe(true)
  expect(found.some(answer => answer.startsWith('[{'))).toBe(true)
  expect(found.some(answer => answer.startsWith('[null'))).toBe(true)
})
