import { ByteSink, memoryStore, NO_HEADERS, type StorePlan, string, type TaskState } from '@millrace/core'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { silentLogger } from '../../observe/console-logger.ts'
import { openVersioned } from './open-versioned.ts'
import { storeCodec } from '../format/store-codec.ts'
import type { VersionedBuffer } from './versioned-buffer.ts'

const RETENTION_MS = 150_000
const PLAN: StorePlan = {
  name: 'kept',
  kind: 'versioned',
  timestamped: false,
  keySerde: string(),
  valueSerde: string(),
  caching: false,
  changelog: { topic: 'kept-changelog', isSource: false, configs: {} },
  historyRetentionMs: RETENTION_MS,
  processors: [],
}
const KEYS = ['a', 'ab', '']
const POSITION = { topic: 'kept-changelog', partition: 0, offset: 1 }

/** Times are minutes apart, so that versions of one key are in several segments. */
const steps = fc.array(
  fc.record({
    key: fc.constantFrom(...KEYS),
    minute: fc.nat(12),
    value: fc.option(fc.constantFrom('x', 'y', 'z')),
    commits: fc.boolean(),
  }),
  { maxLength: 40 },
)

interface Logged {
  readonly key: Buffer
  readonly value: Buffer | null
}

async function open(state: TaskState, logged: Logged[] = []): Promise<VersionedBuffer> {
  const codec = storeCodec(PLAN, 'kept-changelog')
  return openVersioned({
    codec,
    backend: state.store('kept'),
    syncReads: false,
    context: { timestamp: -1, headers: NO_HEADERS, topic: null, partition: -1, offset: -1 },
    log: (timestamp, bytes, keyStart, keyEnd, valueStart, valueEnd) =>
      void logged.push({
        key: Buffer.from(codec.restoredKey(bytes, keyStart, keyEnd, timestamp)),
        value: valueStart < 0 ? null : Buffer.from(bytes.subarray(valueStart, valueEnd)),
      }),
    scratch: new ByteSink(),
  })
}

async function commit(buffer: VersionedBuffer, state: TaskState): Promise<void> {
  await buffer.flush()
  const changes = buffer.changes()
  buffer.committed()
  await state.write([changes], [POSITION])
}

const opened = () => memoryStore().open({ directory: '', stores: ['kept'], logger: silentLogger })

/** All that can be asked of it. */
async function content(buffer: VersionedBuffer): Promise<readonly unknown[]> {
  const found: unknown[] = []
  for (const key of KEYS) {
    for (let minute = -1; minute <= 13; minute++) {
      const version = await buffer.get(key, minute < 0 ? undefined : minute * 60_000)
      found.push([key, minute, version?.value, version?.timestamp, version?.validTo])
    }
    const all = await buffer.versions(key, 0, Number.POSITIVE_INFINITY)
    found.push(all.map(({ value, timestamp, validTo }) => [value, timestamp, validTo]))
  }
  return found
}

it('is the same whether it stays on the heap, is read again after each commit, or is restored from its changelog', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async all => {
      const [heapState, diskState, restoredState] = [await opened(), await opened(), await opened()]
      const logged: Logged[] = []
      const heap = await open(heapState, logged)
      let disk = await open(diskState)
      for (const { key, minute, value, commits } of all) {
        const kept = await heap.put(key, value, minute * 60_000)
        expect(await disk.put(key, value, minute * 60_000)).toBe(kept)
        if (!commits) continue
        await commit(heap, heapState)
        await commit(disk, diskState)
        disk.evict(0)
        if (minute % 3 === 0) disk = await open(diskState)
      }
      await commit(disk, diskState)
      const restored = await open(restoredState)
      await restored.restore(
        logged.map(({ key }) => key),
        logged.map(({ value }) => value),
      )
      await commit(restored, restoredState)
      const expected = await content(heap)
      expect(await content(disk)).toEqual(expected)
      expect(await content(await open(diskState))).toEqual(expected)
      expect(await content(await open(restoredState))).toEqual(expected)
    }),
  )
})

it('refuses what is older than the history retention, by the time of all keys, and logs it nevertheless', async () => {
  const logged: Logged[] = []
  const buffer = await open(await opened(), logged)
  expect(await buffer.put('a', 'x', RETENTION_MS + 10)).toBe(Number.POSITIVE_INFINITY)
  expect(await buffer.put('b', 'x', 10)).toBe(Number.POSITIVE_INFINITY)
  expect(await buffer.put('b', 'x', 9)).toBeUndefined()
  expect(logged).toHaveLength(3)
})

it('knows its time after a restart, though nothing is left of what was put', async () => {
  const state = await opened()
  const buffer = await open(state)
  await buffer.put('a', 'x', 12 * 60_000)
  await buffer.put('a', null, 12 * 60_000)
  await commit(buffer, state)
  expect(await buffer.put('b', null, 0)).toBeUndefined()
  expect(await (await open(state)).put('b', null, 0)).toBeUndefined()
})
