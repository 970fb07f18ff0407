import {
  isPromise,
  type KeyRangeOf,
  type KeyValueStore,
  type MaybePromise,
  type SessionStore,
  type StoredValue,
  type Window,
  type WindowStore,
} from '@millrace/core'
import { mergedEntries } from './merged-entries.ts'
import { RangeBuffer } from './range-buffer.ts'
import { StoreBuffer } from './store-buffer.ts'
import type { BufferContext } from './store-output.ts'
import type { TaskBuffer } from './task-buffer.ts'
import { VersionedBuffer } from './versioned-buffer.ts'
import { versionedStoreOver } from './versioned-user-store.ts'

/**
 * What user code gets for a store's name: a `KeyValueStore`, `WindowStore` or `SessionStore`, whose values come with their
 * timestamps where the store keeps them.
 */
export function userStore(buffer: TaskBuffer, context: BufferContext): unknown {
  if (buffer instanceof StoreBuffer) {
    return buffer.codec.plan.kind === 'window' ? windowStoreOver(buffer, context) : keyValueStoreOver(buffer, context)
  }
  if (buffer instanceof VersionedBuffer) return versionedStoreOver(buffer, context)
  if (!(buffer instanceof RangeBuffer)) throw new Error(`store ${buffer.codec.plan.name} has no face for user code`)
  return buffer.codec.plan.kind === 'session' ? sessionStoreOver(buffer, context) : windowStoreOver(buffer, context)
}

type Shown = unknown

function shower(buffer: TaskBuffer): (stored: StoredValue) => Shown {
  return buffer.codec.plan.timestamped
    ? stored => ({ value: stored.value, timestamp: stored.timestamp })
    : stored => stored.value
}

function putter(
  buffer: StoreBuffer | RangeBuffer,
  context: BufferContext,
): (key: unknown, slot: number, value: unknown) => void {
  if (buffer instanceof RangeBuffer && buffer.codec.plan.retainDuplicates === true) {
    return (key, slot, value) => buffer.append(key, slot, value)
  }
  if (!buffer.codec.plan.timestamped) return (key, slot, value) => buffer.put(key, slot, value, context.timestamp)
  return (key, slot, value) => {
    const stamped = value as { readonly value: unknown; readonly timestamp: number } | null
    buffer.put(key, slot, stamped === null ? null : stamped.value, stamped?.timestamp ?? context.timestamp)
  }
}

function mapStored<T>(
  stored: MaybePromise<StoredValue | undefined>,
  map: (stored: StoredValue | undefined) => T,
): MaybePromise<T> {
  return isPromise(stored) ? stored.then(map) : map(stored)
}

function keyValueStoreOver(buffer: StoreBuffer, context: BufferContext): KeyValueStore<unknown, unknown> {
  const show = shower(buffer)
  const put = putter(buffer, context)
  const shown = (stored: StoredValue | undefined) => (stored === undefined ? undefined : show(stored))
  return {
    name: buffer.codec.plan.name,
    get: key => mapStored(buffer.get(key), shown),
    put: (key, value) => put(key, 0, value),
    putIfAbsent: (key, value) =>
      mapStored(buffer.get(key), stored => {
        const before = shown(stored)
        if (before === undefined) put(key, 0, value)
        return before
      }),
    delete: key =>
      mapStored(buffer.get(key), stored => {
        const before = shown(stored)
        put(key, 0, null)
        return before
      }),
    async *range(range: KeyRangeOf<unknown>) {
      const from = range.from === undefined ? undefined : buffer.encodeKey(range.from, 0)
      const to = range.to === undefined ? undefined : successor(buffer.encodeKey(range.to, 0))
      for await (const entry of mergedEntries(buffer, from, to, range.reverse ?? false)) {
        yield [entry.key, show(entry)] as const
      }
    },
    async *all() {
      for await (const entry of mergedEntries(buffer, undefined, undefined, false))
        yield [entry.key, show(entry)] as const
    },
    approximateCount: () => buffer.backend.approximateCount(),
  }
}

function windowStoreOver(buffer: StoreBuffer | RangeBuffer, context: BufferContext): WindowStore<unknown, unknown> {
  const show = shower(buffer)
  const put = putter(buffer, context)
  async function* within(from: number, to: number, segments: readonly SegmentRange[]) {
    for (const segment of segments) {
      for await (const entry of mergedEntries(buffer, segment.from, segment.to, false)) {
        if (entry.slot >= from && entry.slot <= to && entry.slot >= buffer.expiredBefore) yield entry
      }
    }
  }
  return {
    name: buffer.codec.plan.name,
    put: (key, value, windowStart) => put(key, windowStart, value),
    fetch: (key, windowStart) =>
      windowStart < buffer.expiredBefore
        ? undefined
        : mapStored(buffer.get(key, windowStart), stored => (stored === undefined ? undefined : show(stored))),
    async *fetchRange(key, from, to) {
      const wanted = buffer.mapKeyOf(key)
      const segments = buffer.segmentsBetween(from, to).map(segment => ({
        from: buffer.encodeKey(key, Math.max(from, segment.start)),
        to: successor(buffer.encodeKey(key, Math.min(to, segment.end - 1), LAST_SEQUENCE)),
      }))
      for await (const entry of within(from, to, segments)) {
        // Keys of other lengths can lie between the windows of this one.
        if (buffer.mapKeyOf(entry.key) === wanted) yield [entry.slot, show(entry)] as const
      }
    },
    async *fetchAll(from, to) {
      const segments = buffer.segmentsBetween(from, to).map(({ range }) => range)
      for await (const entry of within(from, to, segments)) yield [entry.key, entry.slot, show(entry)] as const
    },
    async *all() {
      for await (const entry of within(0, Number.MAX_SAFE_INTEGER, [{ from: undefined, to: undefined }])) {
        yield [entry.key, entry.slot, show(entry)] as const
      }
    },
  }
}

function sessionStoreOver(buffer: RangeBuffer, context: BufferContext): SessionStore<unknown, unknown> {
  async function* find(key: unknown, earliestEnd: number, latestStart: number) {
    await buffer.load(key)
    for (const { slot, tie, value } of buffer.range(key, earliestEnd, Number.MAX_SAFE_INTEGER)) {
      if (tie <= latestStart) yield [{ start: tie, end: slot } satisfies Window, value] as const
    }
  }
  return {
    name: buffer.codec.plan.name,
    put: ({ key, window }, value) => buffer.put(key, window.end, value, context.timestamp, window.start),
    fetchSession: (key, { start, end }) =>
      mapStored(buffer.get(key, end, start), stored => (stored === undefined ? undefined : stored.value)),
    findSessions: find,
    fetch: key => find(key, 0, Number.MAX_SAFE_INTEGER),
    async *all() {
      for (const { key, slot, tie, value } of await buffer.all(buffer.expiredBefore, Number.MAX_SAFE_INTEGER)) {
        yield [{ key, window: { start: tie, end: slot } }, value] as const
      }
    },
  }
}

interface SegmentRange {
  readonly from: Uint8Array | undefined
  readonly to: Uint8Array | undefined
}

/** The first key after this one in byte order. */
function successor(key: Uint8Array): Buffer {
  return Buffer.concat([key, Buffer.alloc(1)])
}

/** The largest sequence number of a duplicate. */
const LAST_SEQUENCE = 0x7fffffff
