import { millraceError, type TopicPartitionOffset } from '@millrace/core'
import {
  FORMAT,
  FORMAT_KEY,
  MAX_STORE_ID,
  OFFSETS_RANGE,
  STORES_RANGE,
  readU64,
  storeNameKey,
  storeNameOf,
  topicPartitionOf,
  u16,
  u32,
} from './key-layout.ts'
import { guarded, type OpenDatabase } from './open-database.ts'
import { type DatabaseRange, readRange } from './read-range.ts'

/** @throws MILLRACE_STORE_FORMAT when another version of Millrace, or something else, wrote the database. */
export async function checkFormat(database: OpenDatabase): Promise<void> {
  const bytes = await guarded(database, () => database.db.get(FORMAT_KEY))
  const found = bytes?.length === 4 ? bytes.readUInt32BE() : undefined
  if (found === FORMAT) return
  if (bytes === null && (await isEmpty(database))) {
    await put(database, [[FORMAT_KEY, u32(FORMAT)]])
    return
  }
  throw millraceError('MILLRACE_STORE_FORMAT', {
    directory: database.directory,
    found: found ?? 'unknown',
    known: FORMAT,
  })
}

/** The id of each name. New names get new ids; names that are not asked for keep theirs. */
export async function storeIds(database: OpenDatabase, names: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const ids = new Map<string, number>()
  for await (const [key, value] of entries(database, STORES_RANGE))
    ids.set(storeNameOf(key), (value[0]! << 8) | value[1]!)

  let last = Math.max(0, ...ids.values())
  const added: [Buffer, Buffer][] = []
  for (const name of names) {
    if (ids.has(name)) continue
    if (last === MAX_STORE_ID) throw new RangeError(`${database.directory} has had ${MAX_STORE_ID} stores`)
    ids.set(name, ++last)
    added.push([storeNameKey(name), u16(last)])
  }
  await put(database, added)
  return new Map(names.map(name => [name, ids.get(name)!]))
}

export async function readOffsets(database: OpenDatabase): Promise<TopicPartitionOffset[]> {
  const offsets: TopicPartitionOffset[] = []
  for await (const [key, value] of entries(database, OFFSETS_RANGE)) {
    offsets.push({ ...topicPartitionOf(key), offset: readU64(value) })
  }
  return offsets
}

async function isEmpty(database: OpenDatabase): Promise<boolean> {
  for await (const _ of entries(database, { gte: u16(0), lt: u16(0xffff), limit: 1 })) return false
  return true
}

function entries(database: OpenDatabase, range: DatabaseRange): AsyncIterable<readonly [Uint8Array, Uint8Array]> {
  return readRange(database, database.db, range, 0)
}

async function put(database: OpenDatabase, pairs: readonly (readonly [Buffer, Buffer])[]): Promise<void> {
  if (pairs.length === 0) return
  const batch = database.db.write({ capacity: pairs.length, autoDestroy: true })
  for (const [key, value] of pairs) batch.tryPut(key, value)
  await guarded(database, () => batch.flush())
}
