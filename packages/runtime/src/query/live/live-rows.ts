import {
  type KeyRange,
  type Plan,
  type ReadOnlyKeyValueStore,
  type ReadOnlySessionStore,
  type ReadOnlyWindowStore,
  readInt64,
  type StorePlan,
  type TaskState,
  type ValueAndTimestamp,
  windowed,
  writeInt64,
} from '@millrace/core'
import { decodeContent } from '../../state/buffer/buffer-entry.ts'
import { Segments } from '../../state/buffer/segments.ts'
import { decodeLatest, latestKey } from '../../state/buffer/versioned-rows.ts'
import { prefixRange } from '../../state/format/prefix-range.ts'
import { asBuffer, SEGMENT_BYTES, type StoreCodec, storeCodec } from '../../state/format/store-codec.ts'
import { storeOfPlan } from '../../state/task-stores/kinds/store-of-plan.ts'
import { rowsView } from '../../state/task-stores/store-view.ts'
import { windowEnds } from '../window-ends.ts'
import { type KeyPart, keyOfRow } from './key-part.ts'
import type { LiveEntry } from './live-event.ts'

/** A row of a store as its backend has it. */
export interface LiveRow {
  readonly key: Buffer
  readonly value: Buffer
}

type KindRows = Omit<LiveRows, 'keyOf'>
type Entry = LiveEntry<unknown, unknown>

/** How the rows of a store become entries of a live query. It needs the plan of the store, and not the store. */
export interface LiveRows {
  /** The rows that a part of the keys may have in the backend, and others. */
  ranges(part: KeyPart, time: number): readonly KeyRange[]
  /** The user's key of a row; undefined where it is not shown. */
  keyOf(row: Buffer): Uint8Array | undefined
  /** The row that a record of the changelog changes. */
  rowOf(changelogKey: Buffer): Buffer
  /** Start of the window or end of the session; 0 where nothing expires. */
  slotOf(row: Buffer): number
  /** Slots before have expired when the store has reached this time; 0 where nothing expires. */
  expiredBefore(time: number, caching: boolean): number
  /** What the slot is; undefined where nothing expires. */
  readonly expiresBy: 'start' | 'end' | undefined
  /** How long something lives, in milliseconds. */
  readonly retentionMs: number
  show(rows: readonly LiveRow[]): Promise<readonly Entry[]>
  deleted(row: Buffer): Entry
}

/** @param topic what serdes are told: the changelog, or the store's name where there is none */
export function liveRows(topology: Plan, plan: StorePlan, topic: string): LiveRows {
  return { ...rowsOfKind(topology, storeCodec(plan, topic)), keyOf: row => keyOfRow(plan.kind, row) }
}

function rowsOfKind(topology: Plan, codec: StoreCodec): KindRows {
  const { plan } = codec
  switch (plan.kind) {
    case 'key-value':
      return keyValues(codec)
    case 'versioned':
      return latestVersions(codec)
    case 'window':
      return windows(codec, windowEnds(topology, plan))
    case 'session':
      return sessions(codec)
  }
}

const NOTHING_EXPIRES = { slotOf: () => 0, expiredBefore: () => 0, expiresBy: undefined, retentionMs: 0 } as const

function keyValues(codec: StoreCodec): KindRows {
  const { timestamped } = codec.plan
  const kind = shownBy(codec)
  return {
    ...NOTHING_EXPIRES,
    ranges: part => [rangeOf(part, key => key)],
    rowOf: key => key,
    async show(rows) {
      const view = (await rowsView(kind, rows)) as ReadOnlyKeyValueStore<unknown, unknown>
      const entries: Entry[] = []
      for await (const [key, value] of view.all()) entries.push(shown(key, value, timestamped))
      return entries
    },
    deleted: row => ({ key: codec.readKey(row).key, value: undefined }),
  }
}

/** Of each key the version that nothing came after. */
function latestVersions(codec: StoreCodec): KindRows {
  const keyOf = (row: Buffer) => codec.readKey(row.subarray(SEGMENT_BYTES)).key
  return {
    ...NOTHING_EXPIRES,
    ranges: part => [rangeOf(part, latestKey)],
    rowOf: latestKey,
    async show(rows) {
      return rows.map(({ key, value: bytes }) => {
        const { timestamp, value } = decodeLatest(bytes)
        const { content } = codec.readContent(value!)
        return { key: keyOf(key), value: decodeContent(content, codec.contentSerde), timestamp }
      })
    },
    deleted: row => ({ key: keyOf(row), value: undefined }),
  }
}

function windows(codec: StoreCodec, endOf: (start: number) => number): KindRows {
  const { timestamped } = codec.plan
  const kind = shownBy(codec)
  const window = (key: unknown, start: number) => windowed(key, start, endOf(start))
  return {
    ...timed(codec),
    expiresBy: 'start',
    async show(rows) {
      const view = (await rowsView(kind, rows)) as ReadOnlyWindowStore<unknown, unknown>
      const entries: Entry[] = []
      for await (const [key, start, value] of view.all()) entries.push(shown(window(key, start), value, timestamped))
      return entries
    },
    deleted(row) {
      const { key, slot } = codec.readKey(row)
      return { key: window(key, slot), value: undefined }
    },
  }
}

function sessions(codec: StoreCodec): KindRows {
  const kind = shownBy(codec)
  return {
    ...timed(codec),
    expiresBy: 'end',
    async show(rows) {
      const view = (await rowsView(kind, rows)) as ReadOnlySessionStore<unknown, unknown>
      const entries: Entry[] = []
      for await (const [key, value] of view.fetchKeys({})) entries.push({ key, value })
      return entries
    },
    deleted(row) {
      const { key, slot, tie } = codec.readKey(row)
      return { key: windowed(key, tie, slot), value: undefined }
    },
  }
}

const SLOT_BYTES = 8

/** What stores of windows and of sessions have in common: their rows lie in segments of time. */
function timed({ plan, keySuffix, restoredKey }: StoreCodec) {
  const isByRange = plan.kind === 'session' || plan.byRange === true
  // As the buffers of these stores are made.
  const at = (time: number, caching: boolean) => {
    const segments = new Segments({ ...plan, caching }, caching && isByRange)
    segments.streamTime = time
    return segments
  }
  return {
    retentionMs: plan.retentionMs ?? 0,
    rowOf: (key: Buffer) => asBuffer(restoredKey(key, 0, key.length, 0)),
    slotOf: (row: Buffer) => readInt64(row, row.length - keySuffix),
    expiredBefore(time: number, caching: boolean) {
      const { expiredBefore, liveFrom } = at(time, caching)
      return Math.max(0, expiredBefore, liveFrom)
    },
    ranges: (part: KeyPart, time: number): readonly KeyRange[] =>
      at(time, plan.caching)
        .between(0, Number.MAX_SAFE_INTEGER)
        .map(({ range, start, end }) => {
          const segment = range.from
          if (part.type === 'key') {
            return {
              from: Buffer.concat([segment, part.key, slotBytes(start)]),
              to: Buffer.concat([segment, part.key, slotBytes(end)]),
            }
          }
          // Rows of a range of keys have others between them: what follows a key may come after what follows a longer one.
          return part.type === 'prefix' ? given(prefixRange(Buffer.concat([segment, part.prefix]))) : range
        }),
  }
}

function slotBytes(slot: number): Buffer {
  const bytes = Buffer.allocUnsafe(SLOT_BYTES)
  writeInt64(bytes, 0, slot)
  return bytes
}

/** Where rows are in the order of keys. */
function rangeOf(part: KeyPart, rowOf: (key: Uint8Array) => Uint8Array): KeyRange {
  switch (part.type) {
    case 'key':
      return { from: rowOf(part.key), to: after(rowOf(part.key)) }
    case 'prefix':
      return given(prefixRange(rowOf(part.prefix)))
    case 'range': {
      const all = prefixRange(rowOf(new Uint8Array()))
      const to = part.to === undefined ? all.to : after(rowOf(part.to))
      return { from: part.from === undefined ? all.from! : rowOf(part.from), ...(to !== undefined && { to }) }
    }
  }
}

function given({ from, to }: ReturnType<typeof prefixRange>): KeyRange {
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
}

/** The first key after this one in byte order. */
function after(key: Uint8Array): Buffer {
  return Buffer.concat([key, Buffer.alloc(1)])
}

function shown(key: unknown, stored: unknown, timestamped: boolean): Entry {
  if (!timestamped) return { key, value: stored }
  const { value, timestamp } = stored as ValueAndTimestamp<unknown>
  return { key, value, timestamp }
}

/** The store's code that shows rows. It has no backend. */
function shownBy(codec: StoreCodec) {
  return storeOfPlan({ codec, state: NO_STATE, syncReads: false })
}

const NO_STATE = {
  store() {
    throw new Error('rows are shown without a backend')
  },
} as unknown as TaskState
