import type { OrderedTableStore, PrefixTableStore, RangeStore, TableStore, WindowTableStore } from '@millrace/core'
import { mergedEntries } from '../buffer/merged-entries.ts'
import { withOwnKey } from '../buffer/own-key.ts'
import type { RangeBuffer } from '../buffer/range-buffer.ts'
import type { KeyedBuffer, PrefixBuffer, SlotBuffer, TaskBuffer } from '../buffer/task-buffer.ts'
import type { VersionedBuffer } from '../buffer/versioned-buffer.ts'

/** A key-value store as operators see it. */
export function tableView(buffer: KeyedBuffer): TableStore {
  return {
    caching: buffer.caching,
    zero: () => zeroOf(buffer),
    get: key => buffer.get(key, 0),
    put: (key, value, timestamp) => buffer.put(key, 0, value, timestamp),
    onEmit: (listener, sendOldValues) =>
      buffer.onEmit(({ key }, value, old) => listener(buffer.codec.keptKey(key), value, old), sendOldValues),
  }
}

/** The same for operators that read ranges of keys. */
export function orderedView(buffer: KeyedBuffer): OrderedTableStore {
  const bound = (key: unknown) => (key === undefined ? undefined : buffer.encodeKey(key, 0))
  return { ...tableView(buffer), entries: (from, to) => mergedEntries(buffer, bound(from), bound(to), false) }
}

/** The same for operators that read all keys with the same beginning. */
export function prefixView(buffer: PrefixBuffer, lengthOf: (key: Buffer) => number): PrefixTableStore {
  const index = buffer.indexPrefixes(lengthOf)
  return { ...tableView(buffer), withPrefix: prefix => index.rows(prefix) }
}

/** A window store as operators see it. */
export function windowView(buffer: SlotBuffer): WindowTableStore {
  return {
    caching: buffer.caching,
    zero: () => zeroOf(buffer),
    get: (key, start) => (start < buffer.forgottenBefore ? undefined : buffer.get(key, start)),
    put: (key, start, value, timestamp) => buffer.put(key, start, value, timestamp),
    onEmit: (listener, sendOldValues) =>
      buffer.onEmit(
        ({ key, slot }, value, old) => listener(buffer.codec.keptKey(key), slot, value, old),
        sendOldValues,
      ),
  }
}

/** A store of sessions or windows as operators see it that read ranges of time. */
export function rangeView(buffer: RangeBuffer): RangeStore {
  return {
    caching: buffer.caching,
    get expiredBefore() {
      return buffer.expiredBefore
    },
    zero: () => zeroOf(buffer),
    load: key => buffer.load(key),
    range: (key, from, to) => buffer.range(key, from, to),
    get: (key, slot, tie) => buffer.entry(key, slot, tie),
    put: (key, slot, tie, value, timestamp) => buffer.put(key, slot, value, timestamp, tie),
    append: (key, slot, value) => buffer.append(key, slot, value),
    advance: slot => buffer.advance(slot),
    all: (from, to) => buffer.all(from, to),
    onEmit: (listener, sendOldValues) =>
      buffer.onEmit((entry, value, old) => listener(withOwnKey(entry, buffer.codec), value, old), sendOldValues),
  }
}

/** A versioned store as operators see it. */
export function versionedTableView(buffer: VersionedBuffer, unfit: () => Error): TableStore {
  return {
    caching: false,
    zero: () => zeroOf(buffer),
    get: key => buffer.get(key),
    put: () => {
      throw unfit()
    },
    onEmit: () => undefined,
    versioned: {
      get streamTime() {
        return buffer.streamTime
      },
      getAsOf: (key, time) => buffer.get(key, time),
      putVersion: (key, value, timestamp) => buffer.put(key, value, timestamp),
    },
  }
}

function zeroOf({ codec }: TaskBuffer): unknown {
  const { name, valueSerde } = codec.plan
  return valueSerde.deserialize(new Uint8Array(8), name)
}
