import { type RangeEntry, type SessionStore, type Window, windowed } from '@millrace/core'
import { inKeyRange, keysRange } from './byte-ranges.ts'
import { type MergedEntry, mergedEntries } from '../buffer/merged-entries.ts'
import type { RangeBuffer } from '../buffer/range-buffer.ts'
import { mapStored } from '../buffer/map-stored.ts'
import type { BufferContext } from '../buffer/store-output.ts'

/** A session store as user code sees it. */
export function sessionFace(buffer: RangeBuffer, context: BufferContext): SessionStore<unknown, unknown> {
  const windowOf = ({ slot, tie }: RangeEntry | MergedEntry): Window => ({ start: tie, end: slot })

  const find: SessionStore<unknown, unknown>['findSessions'] = async function* (
    key,
    earliestEnd,
    latestStart,
    options,
  ) {
    await buffer.load(key)
    const found = buffer.range(key, earliestEnd, Number.MAX_SAFE_INTEGER).filter(({ tie }) => tie <= latestStart)
    for (const entry of inOrder(found, options?.reverse)) yield [windowOf(entry), entry.value] as const
  }

  const findKeys: SessionStore<unknown, unknown>['findKeySessions'] = async function* (keys, earliestEnd, latestStart) {
    const isIn = inKeyRange(buffer, keys)
    const segments = buffer.segmentsBetween(earliestEnd, Number.MAX_SAFE_INTEGER)
    for (const segment of inOrder(segments, keys.reverse)) {
      const { from, to } = keysRange(buffer, keys, segment)
      for await (const entry of mergedEntries(buffer, from, to, keys.reverse ?? false)) {
        if (entry.slot < Math.max(earliestEnd, buffer.expiredBefore) || entry.tie > latestStart) continue
        if (isIn(entry.key)) yield [windowed(entry.key, entry.tie, entry.slot), entry.value] as const
      }
    }
  }

  const findAll: SessionStore<unknown, unknown>['fetchAll'] = async function* (earliestEnd, latestEnd, options) {
    const found = await buffer.all(Math.max(earliestEnd, buffer.expiredBefore), latestEnd)
    for (const entry of inOrder(found, options?.reverse))
      yield [windowed(entry.key, entry.tie, entry.slot), entry.value] as const
  }

  return {
    name: buffer.codec.plan.name,
    put: ({ key, window }, value) => buffer.put(key, window.end, value, context.timestamp, window.start),
    fetchSession: (key, { start, end }) =>
      mapStored(buffer.get(key, end, start), stored => (stored === undefined ? undefined : stored.value)),
    findSessions: find,
    findKeySessions: findKeys,
    fetch: (key, options) => find(key, 0, Number.MAX_SAFE_INTEGER, options),
    fetchKeys: keys => findKeys(keys, 0, Number.MAX_SAFE_INTEGER),
    fetchAll: findAll,
    all: options => findAll(0, Number.MAX_SAFE_INTEGER, options),
  }
}

function inOrder<T>(list: readonly T[], reverse: boolean | undefined): readonly T[] {
  return reverse === true ? [...list].reverse() : list
}
