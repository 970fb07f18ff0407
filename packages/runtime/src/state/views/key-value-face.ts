import type { KeyValueStore, StoredValue } from '@millrace/core'
import { type ByteRange, prefixRange } from '../format/prefix-range.ts'
import { successor } from './byte-ranges.ts'
import { mergedEntries } from '../buffer/merged-entries.ts'
import { mapStored } from '../buffer/map-stored.ts'
import { valuePutter, valueShower } from './shown-values.ts'
import type { BufferContext } from '../buffer/store-output.ts'
import type { KeyedBuffer } from '../buffer/task-buffer.ts'

/** A key-value store as user code sees it. */
export function keyValueFace(buffer: KeyedBuffer, context: BufferContext): KeyValueStore<unknown, unknown> {
  const { name } = buffer.codec.plan
  const show = valueShower(buffer)
  const put = valuePutter(buffer, context)
  const shown = (stored: StoredValue | undefined) => (stored === undefined ? undefined : show(stored))
  async function* walk({ from, to }: ByteRange, reverse = false) {
    for await (const entry of mergedEntries(buffer, from, to, reverse)) yield [entry.key, show(entry)] as const
  }
  return {
    name,
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
    range({ from, to, reverse }) {
      const bytes = {
        from: from === undefined ? undefined : buffer.encodeKey(from, 0),
        to: to === undefined ? undefined : successor(buffer.encodeKey(to, 0)),
      }
      return walk(bytes, reverse)
    },
    all: options => walk({ from: undefined, to: undefined }, options?.reverse),
    prefixScan: (prefix, serde, options) => walk(prefixRange(serde.serialize(prefix, name)), options?.reverse),
    approximateCount: () => buffer.approximateCount(),
  }
}
