import {
  bytes as bytesSerde,
  type Entry,
  keyQuery,
  millraceError,
  prefixQuery,
  type Query,
  rangeQuery,
  reasonOf,
  string,
  whenReady,
} from '@millrace/core'
import { type JsonForm, toJsonForm } from '@millrace/query-client'
import type { Answer } from './http-failure.ts'
import { cursorOf, cursorText, type PageCursor } from './page-cursor.ts'
import { type Asked, incomplete, isPassing, type ListBody, listIn, readHere, readPartition } from './read-partition.ts'
import { base64Bytes, keyOfBytes, requestKey } from './request-key.ts'

type Entries = readonly Entry<unknown, unknown>[]

/** The bounds of the request, as keys and as bytes. */
interface Bounds {
  readonly from?: unknown
  readonly to?: unknown
  readonly prefix?: {
    readonly value: unknown
    readonly serde: typeof string | typeof bytesSerde
    readonly bytes: Uint8Array
  }
}

/**
 * One page of entries, from as many partitions as it takes. A page that has begun when a partition cannot be read ends there, and its
 * cursor says so. Keys are in the order of their bytes within a partition, so a key that exists all the time is in exactly one page.
 */
export async function entriesPage(asked: Asked): Promise<Answer> {
  const { given, counts, plan } = asked
  const bounds = await boundsOf(asked)
  const count = await counts.of(plan.name)
  const start: PageCursor =
    given.cursor === undefined ? { partition: given.partition ?? 0, after: undefined } : cursorOf(given.cursor)
  const end = given.partition === undefined ? count : given.partition + 1
  checkStart(asked, start, end, count)
  const entries: JsonForm[] = []
  let { partition, after } = start
  while (partition < end) {
    let part: ListBody | Answer
    try {
      part = await partOf(asked, bounds, { partition, after }, given.limit - entries.length)
    } catch (error) {
      if (!isPassing(error) || entries.length === 0) throw error
      return ok({ entries, cursor: cursorText({ partition, after }) })
    }
    if ('status' in part) return part
    entries.push(...part.entries)
    if (part.cursor !== undefined) return ok({ entries, cursor: part.cursor })
    partition++
    after = undefined
    if (entries.length >= given.limit && partition < end)
      return ok({ entries, cursor: cursorText({ partition, after }) })
  }
  return ok({ entries })
}

function checkStart({ given }: Asked, { partition }: PageCursor, end: number, count: number): void {
  const refused = (parameter: string, reason: string) => millraceError('MILLRACE_SERVER_REQUEST', { parameter, reason })
  if (given.partition !== undefined && given.partition >= count)
    throw refused('partition', `the store has ${count} partitions`)
  if (partition >= end || (given.partition !== undefined && partition !== given.partition))
    throw refused('cursor', 'it is of another partition')
}

/** A part of one partition. @returns an Answer if another instance refuses the request */
async function partOf(asked: Asked, bounds: Bounds, cursor: PageCursor, limit: number): Promise<ListBody | Answer> {
  const { partition, after } = cursor
  const search = {
    partition: String(partition),
    limit: String(limit),
    // That of the request may be one of an earlier partition.
    cursor: after === undefined ? undefined : cursorText(cursor),
  }
  const query = await queryOf(asked, bounds, after, limit)
  const { here, there } = await readPartition(asked, query, partition, search, false)
  if (there !== undefined) return listIn(there) ?? there
  const page = await pageOf(asked, bounds, cursor, limit, here.value as Entries, here.more)
  if (page.cursor !== undefined) await checkFound(asked, cursorOf(page.cursor))
  return page
}

/**
 * The next page begins after the bytes that the serde gives the last key. If the store has the key under other bytes, as after a change of
 * a schema in which keys are written, entries would be left out.
 * @throws MILLRACE_SERVER_BUSY, since a key that was deleted at this moment looks the same
 */
async function checkFound(asked: Asked, { partition, after }: PageCursor): Promise<void> {
  if (after === undefined) return
  const { plan } = asked
  const found = await readHere(asked, keyQuery(await keyOfBytes(after, plan)), partition)
  if (found.ok && found.value !== undefined) return
  if (!found.ok) throw incomplete(plan, partition, found)
  const reason = `the last key of a page from "${plan.name}" was not found again: it has just been deleted, or ${plan.keySerde.name} does not give keys the bytes that they were read from, and the store has no pages`
  throw millraceError('MILLRACE_SERVER_BUSY', { reason })
}

async function queryOf(
  { given, plan }: Asked,
  { from, to, prefix }: Bounds,
  after: Uint8Array | undefined,
  limit: number,
): Promise<Query<Entries>> {
  const { reverse } = given
  if (after === undefined) {
    if (prefix === undefined) return rangeQuery({ from, to, reverse, limit })
    return prefixQuery(prefix.value, prefix.serde() as ReturnType<typeof string>, { reverse, limit })
  }
  const last = await lastKey(after, plan)
  // Bounds are inclusive, so the last key comes again unless it has been deleted.
  return reverse
    ? rangeQuery({ from, to: last, reverse, limit: limit + 1 })
    : rangeQuery({ from: last, to, limit: limit + 1 })
}

/** The key of a cursor. A serde that would write it with other bytes would have the page begin elsewhere. */
async function lastKey(bytes: Uint8Array, plan: Asked['plan']): Promise<unknown> {
  const { name, keySerde } = plan
  try {
    const key = await keyOfBytes(bytes, plan)
    const again = await whenReady(() => keySerde.serialize(key, name))
    if (Buffer.compare(again, bytes) === 0) return key
  } catch (cause) {
    const reason = `${keySerde.name} cannot read its key: ${reasonOf(cause)}`
    throw millraceError('MILLRACE_SERVER_REQUEST', { parameter: 'cursor', reason }, { cause })
  }
  const reason = `${keySerde.name} does not give its key the bytes that it was read from`
  throw millraceError('MILLRACE_SERVER_REQUEST', { parameter: 'cursor', reason })
}

async function pageOf(
  { plan }: Asked,
  { prefix }: Bounds,
  { partition, after }: PageCursor,
  limit: number,
  found: Entries,
  more: boolean,
): Promise<ListBody> {
  const entries: JsonForm[] = []
  let last = after
  for (const [key, value] of found) {
    const bytes = await whenReady(() => plan.keySerde.serialize(key, plan.name))
    if (after !== undefined && Buffer.compare(bytes, after) === 0) continue
    if (prefix !== undefined && !startsWith(bytes, prefix.bytes)) return { entries }
    if (entries.length === limit) return { entries, cursor: cursorText({ partition, after: last }) }
    entries.push([toJsonForm(key), toJsonForm(value)])
    last = bytes
  }
  return more ? { entries, cursor: cursorText({ partition, after: last }) } : { entries }
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return bytes.length >= prefix.length && prefix.every((byte, n) => bytes[n] === byte)
}

export async function boundsOf({ given, plan }: Asked): Promise<Bounds> {
  const { from, to, prefix, as } = given
  const key = async (text: string | number | undefined) =>
    text === undefined ? undefined : (await requestKey(String(text), as, plan)).key
  if (prefix === undefined) return { from: await key(from), to: await key(to) }
  const refused = (reason: string) => millraceError('MILLRACE_SERVER_REQUEST', { parameter: 'prefix', reason })
  if (from !== undefined || to !== undefined) throw refused('it cannot stand beside from and to')
  if (as === 'json') throw refused('it is given as text or as base64')
  if (as === 'text') return { prefix: { value: prefix, serde: string, bytes: Buffer.from(prefix) } }
  let value: Uint8Array
  try {
    value = base64Bytes(prefix)
  } catch {
    throw refused('it is not base64')
  }
  return { prefix: { value, serde: bytesSerde, bytes: value } }
}

function ok(body: ListBody): Answer {
  return { status: 200, body }
}
