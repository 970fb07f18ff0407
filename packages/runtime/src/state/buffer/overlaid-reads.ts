import { type KeyRange, type Readable, type StoreEntry, type StoreIterator, storeIterator } from '@millrace/core'
import { asBuffer } from '../format/store-codec.ts'
import type { Row } from './store-output.ts'

/** What a backend will show when these rows are written to it. */
export function overlaidReads(base: Readable, changed: readonly Row[]): Readable {
  if (changed.length === 0) return base
  const rows = [...changed].sort((a, b) => a.key.compare(b.key))
  const find = (key: Uint8Array): Row | undefined => {
    const row = rows[placeOf(rows, key)]
    return row !== undefined && row.key.compare(key) === 0 ? row : undefined
  }
  return {
    async get(key) {
      const row = find(key)
      return row === undefined ? await base.get(key) : (row.value ?? undefined)
    },
    async getMany(keys) {
      const found = await base.getMany(keys)
      return keys.map((key, index) => {
        const row = find(key)
        return row === undefined ? found[index] : (row.value ?? undefined)
      })
    },
    iterate: (range = {}) => merged(base, rows, range),
  }
}

function merged(base: Readable, rows: readonly Row[], range: KeyRange): StoreIterator {
  const { from, to, reverse = false, limit = Infinity } = range
  const first = from === undefined ? 0 : placeOf(rows, from)
  const end = to === undefined ? rows.length : placeOf(rows, to)
  const over = rows.slice(first, Math.max(first, end))
  if (reverse) over.reverse()
  // Without the limit: rows of the base may be deleted.
  const iterator = base.iterate({ ...(from && { from }), ...(to && { to }), reverse })
  const isBefore = (a: Buffer, b: Uint8Array) => (reverse ? a.compare(b) > 0 : a.compare(b) < 0)
  let next = 0
  let left = limit
  let ended = false
  const add = (chunk: StoreEntry[], { key, value }: Row) => {
    if (value !== null) chunk.push([key, value])
  }
  return storeIterator({
    release: async () => await iterator[Symbol.asyncDispose](),
    async nextChunk() {
      const chunk: StoreEntry[] = []
      while (!ended && left > 0 && chunk.length === 0) {
        const found = await iterator.nextChunk()
        for (const entry of found) {
          const key = asBuffer(entry[0])
          while (next < over.length && isBefore(over[next]!.key, key)) add(chunk, over[next++]!)
          if (next < over.length && over[next]!.key.compare(key) === 0) add(chunk, over[next++]!)
          else chunk.push(entry)
        }
        if (found.length > 0) continue
        ended = true
        while (next < over.length) add(chunk, over[next++]!)
      }
      const given = chunk.slice(0, left)
      left -= given.length
      return given
    },
  })
}

/** The first index whose row is not before `key`. */
function placeOf(rows: readonly Row[], key: Uint8Array): number {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (rows[middle]!.key.compare(key) < 0) low = middle + 1
    else high = middle
  }
  return low
}
