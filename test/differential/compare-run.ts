import type { RunOutput, RunResult, StoreEntry } from './java-peer.ts'

/**
 * What differs between two runs of one case, as lines for a reader; none when they agree. Of each topic the records are
 * compared in their order, byte for byte with timestamps and headers: those of each key, and if they agree all of them
 * together; of each store the entries, in any order, because Java's own stores do not agree on one. A topic without records is
 * one that was never written.
 *
 * @param unordered topics in which the order among keys says nothing
 */
export function compareRuns(
  java: RunResult,
  ours: RunResult,
  unordered: ReadonlySet<string> = new Set(),
): readonly Difference[] {
  const ofKeys = [...compareNamed('topic', java.outputs, ours.outputs, recordsByKey)]
  const found = new Set(ofKeys.map(({ name }) => name))
  const amongKeys = [...compareNamed('topic', java.outputs, ours.outputs, recordsInOrder)]
  return [
    ...ofKeys,
    ...amongKeys.filter(({ name }) => !found.has(name) && !unordered.has(name)),
    ...compareNamed('store', java.stores, ours.stores, sortedEntries),
  ]
}

export interface Difference {
  readonly what: 'topic' | 'store'
  /** Of the topic or the store. */
  readonly name: string
  /** For a reader. */
  readonly shown: string
}

type Listed<Item> = Readonly<Record<string, readonly Item[]>>

function* compareNamed<Item>(
  what: Difference['what'],
  java: Listed<Item>,
  ours: Listed<Item>,
  arrange: (items: readonly Item[]) => ReadonlyMap<string, readonly string[]>,
): Generator<Difference> {
  for (const name of [...new Set([...Object.keys(java), ...Object.keys(ours)])].sort()) {
    const expected = arrange(java[name] ?? [])
    const actual = arrange(ours[name] ?? [])
    for (const part of [...new Set([...expected.keys(), ...actual.keys()])].sort()) {
      const theirs = expected.get(part) ?? []
      const mine = actual.get(part) ?? []
      const at = firstDifference(theirs, mine)
      if (at !== undefined) {
        const shown = `${what} ${name}, ${part}, number ${at}: Java ${theirs[at] ?? 'nothing'}, Millrace ${mine[at] ?? 'nothing'}`
        yield { what, name, shown }
      }
    }
  }
}

function firstDifference(a: readonly string[], b: readonly string[]): number | undefined {
  const length = Math.max(a.length, b.length)
  for (let at = 0; at < length; at++) if (a[at] !== b[at]) return at
  return undefined
}

function recordsByKey(records: readonly RunOutput[]): ReadonlyMap<string, readonly string[]> {
  const byKey = Map.groupBy(records, ({ key }) => `key ${readable(key)}`)
  return new Map([...byKey].map(([key, its]) => [key, its.map(shownRecord)]))
}

function recordsInOrder(records: readonly RunOutput[]): ReadonlyMap<string, readonly string[]> {
  return new Map([
    ['in the order among keys', records.map(record => `${readable(record.key)}: ${shownRecord(record)}`)],
  ])
}

function sortedEntries(entries: readonly StoreEntry[]): ReadonlyMap<string, readonly string[]> {
  const byKey = Map.groupBy(entries, entry => `key ${readable(entry.key)}${shownWindow(entry)}`)
  return new Map([...byKey].map(([key, its]) => [key, its.map(shownEntry)]))
}

function shownRecord({ value, timestamp, headers }: RunOutput): string {
  const shownHeaders = headers.map(([name, bytes]) => ` ${name}=${readable(bytes)}`).join('')
  return `${readable(value)} at ${timestamp}${shownHeaders}`
}

function shownEntry({ value, timestamp }: StoreEntry): string {
  return `${readable(value)} at ${timestamp}`
}

function shownWindow({ windowStart, windowEnd }: StoreEntry): string {
  return windowStart === undefined ? '' : ` @${windowStart}/${windowEnd}`
}

/** Bytes as text where they are text, otherwise in hexadecimal: so that no two differ unseen. */
function readable(base64: string | null): string {
  if (base64 === null) return 'null'
  const bytes = Buffer.from(base64, 'base64')
  const text = bytes.toString()
  return /^[\p{L}\p{N}\p{P}\p{S} ]*$/u.test(text) && !text.includes('\ufffd')
    ? JSON.stringify(text)
    : `0x${bytes.toString('hex')}`
}
