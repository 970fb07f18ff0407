import type { WindowStore } from '@millrace/core'
import type { ByteRange } from '../format/prefix-range.ts'
import { inKeyRange, keyRange, keysRange } from './byte-ranges.ts'
import { mergedEntries } from '../buffer/merged-entries.ts'
import type { SegmentSpan } from '../buffer/segments.ts'
import { mapStored } from '../buffer/map-stored.ts'
import type { SlotBuffer } from '../buffer/task-buffer.ts'
import { type ValuePutter, valuePutter, valueShower } from './shown-values.ts'
import type { BufferContext } from '../buffer/store-output.ts'

/** A window store as user code sees it. */
export function windowFace(
  buffer: SlotBuffer,
  context: BufferContext,
  put: ValuePutter = valuePutter(buffer, context),
): WindowStore<unknown, unknown> {
  const show = valueShower(buffer)
  async function* within(from: number, to: number, ranges: readonly ByteRange[], reverse: boolean) {
    for (const range of reverse ? [...ranges].reverse() : ranges) {
      for await (const entry of mergedEntries(buffer, range.from, range.to, reverse)) {
        if (entry.slot >= from && entry.slot <= to && entry.slot >= buffer.expiredBefore) yield entry
      }
    }
  }
  const rangesOf = (from: number, to: number, range: (segment: SegmentSpan) => ByteRange) =>
    buffer.segmentsBetween(from, to).map(range)
  return {
    name: buffer.codec.plan.name,
    put: (key, value, windowStart) => put(key, windowStart, value),
    fetch: (key, windowStart) =>
      windowStart < buffer.expiredBefore
        ? undefined
        : mapStored(buffer.get(key, windowStart), stored => (stored === undefined ? undefined : show(stored))),
    async *fetchRange(key, from, to, { reverse = false } = {}) {
      const wanted = buffer.mapKeyOf(key)
      const ranges = rangesOf(from, to, segment => keyRange(buffer, key, segment, from, to))
      for await (const entry of within(from, to, ranges, reverse)) {
        // Keys of other lengths can lie between the windows of this one.
        if (buffer.mapKeyOf(entry.key) === wanted) yield [entry.slot, show(entry)] as const
      }
    },
    async *fetchKeys(keys, from, to) {
      const isIn = inKeyRange(buffer, keys)
      const ranges = rangesOf(from, to, segment => keysRange(buffer, keys, segment))
      for await (const entry of within(from, to, ranges, keys.reverse ?? false)) {
        if (isIn(entry.key)) yield [entry.key, entry.slot, show(entry)] as const
      }
    },
    async *fetchAll(from, to, { reverse = false } = {}) {
      const ranges = rangesOf(from, to, ({ range }) => range)
      for await (const entry of within(from, to, ranges, reverse)) yield [entry.key, entry.slot, show(entry)] as const
    },
    async *all({ reverse = false } = {}) {
      const everything = { from: undefined, to: undefined }
      for await (const entry of within(0, Number.MAX_SAFE_INTEGER, [everything], reverse)) {
        yield [entry.key, entry.slot, show(entry)] as const
      }
    },
  }
}
