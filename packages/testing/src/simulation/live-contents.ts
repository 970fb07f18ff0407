import { readInt64, type StorePlan, type Windowed } from '@millrace/core'
import type { CommittedRecord } from './read-records.ts'

/** What a reader has of a partition: values by key, and the start of a window or end of a session. */
export type LiveContents = ReadonlyMap<string, { readonly value: string; readonly slot: number }>

/** What a reader can have. */
export interface PossibleContents {
  readonly rows: LiveContents
  /** It must have these rows. */
  readonly mustFrom: number
  /** It may have these rows. */
  readonly mayFrom: number
}

/** Its changelog says all of it. */
export function isFollowable(store: StorePlan): boolean {
  const { changelog, ttlMs, maxEntries, suppression, waiting, withHeaders, open, retainDuplicates } = store
  if (changelog === undefined || changelog.isSource) return false
  return [ttlMs, maxEntries, suppression, waiting, withHeaders, open, retainDuplicates].every(
    option => option === undefined,
  )
}

/** The key of an entry as text. */
export function keyText({ kind, keySerde }: StorePlan, key: unknown, topic: string): { text: string; slot: number } {
  if (kind !== 'window' && kind !== 'session') return { text: hex(keySerde.serialize(key, topic)), slot: 0 }
  const { key: inner, window } = key as Windowed<unknown>
  const [slot, tie] = kind === 'window' ? [window.start, 0] : [window.end, window.start]
  return { text: `${hex(keySerde.serialize(inner, topic))}@${slot}@${tie}`, slot }
}

/** What a store has by the position of its changelog. */
export function contentsAt(
  store: StorePlan,
  records: readonly CommittedRecord[],
): (position: number) => PossibleContents {
  return position => {
    const until = records.findIndex(({ offset }) => offset >= position)
    const included = until < 0 ? records : records.slice(0, until)
    return store.kind === 'versioned' ? latestVersions(store, included) : lastValues(store, included)
  }
}

function lastValues(store: StorePlan, records: readonly CommittedRecord[]): PossibleContents {
  const rows = new Map<string, { readonly value: string; readonly slot: number }>()
  let time = -1
  for (const { keyBytes, valueBytes } of records) {
    const { text, slot } = loggedKey(store, keyBytes!)
    time = Math.max(time, slot)
    if (valueBytes === null) rows.delete(text)
    else rows.set(text, { value: hex(valueBytes), slot })
  }
  if (store.kind === 'key-value') return { rows, mustFrom: -Infinity, mayFrom: -Infinity }
  const { retentionMs = 0 } = store
  const mustFrom = time - retentionMs + 1
  // After a restart an instance knows the time of a store as well as its last segment says.
  return { rows, mustFrom, mayFrom: mustFrom - 2 * Math.max(retentionMs / 2, 60_000) - 1 }
}

function loggedKey({ kind }: StorePlan, bytes: Buffer): { readonly text: string; readonly slot: number } {
  if (kind === 'key-value') return { text: hex(bytes), slot: 0 }
  const end = bytes.length - (kind === 'window' ? 12 : 16)
  const slot = readInt64(bytes, end)
  const tie = kind === 'window' ? 0 : readInt64(bytes, end + 8)
  return { text: `${hex(bytes.subarray(0, end))}@${slot}@${tie}`, slot }
}

/** Versions come in any order of time. What is older than the history is logged and not kept. */
function latestVersions({ historyRetentionMs = 0 }: StorePlan, records: readonly CommittedRecord[]): PossibleContents {
  const latest = new Map<string, { readonly value: string | null; readonly timestamp: number }>()
  let time = -1
  for (const { keyBytes, valueBytes, timestamp } of records) {
    if (timestamp < time - historyRetentionMs) continue
    time = Math.max(time, timestamp)
    const key = hex(keyBytes!)
    if ((latest.get(key)?.timestamp ?? -1) > timestamp) continue
    latest.set(key, { value: valueBytes === null ? null : hex(valueBytes), timestamp })
  }
  const rows = [...latest].flatMap(([key, { value }]) => (value === null ? [] : [[key, { value, slot: 0 }] as const]))
  return { rows: new Map(rows), mustFrom: -Infinity, mayFrom: -Infinity }
}

/** What is wrong with what a reader has, if anything. */
export function difference(has: LiveContents, { rows, mustFrom, mayFrom }: PossibleContents): string | undefined {
  for (const [key, { value, slot }] of has) {
    const expected = rows.get(key)
    if (expected === undefined) return `${key}=${value}, which is not there`
    if (expected.value !== value) return `${key}=${value} and not ${expected.value}`
    if (slot < mayFrom) return `${key}=${value}, which has expired`
  }
  for (const [key, { value, slot }] of rows) if (slot >= mustFrom && !has.has(key)) return `it lacks ${key}=${value}`
  return undefined
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
