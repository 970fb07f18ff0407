import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import RocksDB from '#rocksdb-native'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { entryKey } from './key-layout.ts'
import { readPacked, writePacked } from './packed-batches.ts'

const { default: addon } = await import('#packed-batches')
/** Only Linux has an addon, and only where `npm install` found a compiler. In CI there is one. */
const missing =
  process.platform !== 'linux' ? 'this is not Linux' : process.env['CI'] ? undefined : 'no addon was compiled'

let directory: string
let db: RocksDB
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-packed-'))
  db = new RocksDB(directory)
  await db.ready()
})
afterEach(async () => {
  await db.close()
  rmSync(directory, { recursive: true, force: true })
})

function packed(context: { skip(why: string): void }) {
  if (addon === undefined && missing !== undefined) context.skip(missing)
  return addon!
}

it('is compiled by npm install', context => {
  expect(packed(context)).toHaveProperty('write')
})

const key = fc.oneof(
  fc.uint8Array({ maxLength: 2 }),
  fc.constantFrom(60, 300).map(length => new Uint8Array(length)),
)
const value = fc.option(fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.constant(new Uint8Array(70_000).fill(7))))
const change = fc.record({
  storeId: fc.constantFrom(1, 2),
  deleteRanges: fc.array(fc.record({ from: key, to: key }), { maxLength: 2 }),
  entries: fc.uniqueArray(fc.tuple(key, value), { maxLength: 12, selector: ([bytes]) => textOf(bytes) }),
})

const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

it('writes and reads what the binding does operation by operation', context => {
  const native = packed(context)
  const session = { changes: fc.array(change, { minLength: 1, maxLength: 3 }), asked: fc.array(key, { maxLength: 10 }) }
  return fc.assert(
    fc.asyncProperty(fc.record(session), async ({ changes, asked }) => {
      const expected = new Map<string, Uint8Array>()
      const stores = changes.map(({ storeId, deleteRanges, entries }) => {
        const [keys, values] = [entries.map(([bytes]) => bytes), entries.map(([, bytes]) => bytes)]
        return { storeId, changes: { store: String(storeId), deleteRanges, keys, values } }
      })
      const clear = [1, 2].map(storeId => ({
        storeId,
        changes: { store: String(storeId), deleteRanges: [{}], keys: [], values: [] },
      }))
      await writePacked(native, db, clear, [])
      await writePacked(native, db, stores, [{ topic: 't', partition: 3, offset: 9 }])
      for (const { storeId, changes: each } of stores) {
        for (const { from, to } of each.deleteRanges)
          for (const id of [...expected.keys()])
            if (id.startsWith(`${storeId} `) && isWithin(Buffer.from(id.slice(2), 'hex'), from, to)) expected.delete(id)
        for (const [index, bytes] of each.keys.entries()) {
          const written = each.values[index]
          if (written) expected.set(`${storeId} ${textOf(bytes)}`, written)
          else expected.delete(`${storeId} ${textOf(bytes)}`)
        }
      }
      for (const storeId of [1, 2]) {
        const keys = [...asked, ...stores.flatMap(({ changes: each }) => each.keys)]
        const found = await readPacked(native, db, storeId, keys)
        const plain = await Promise.all(keys.map(bytes => db.get(entryKey(storeId, bytes))))
        expect(found.map(bytes => bytes && textOf(bytes))).toEqual(
          keys.map(bytes => expected.get(`${storeId} ${textOf(bytes)}`)).map(bytes => bytes && textOf(bytes)),
        )
        expect(plain.map(bytes => (bytes === null ? undefined : textOf(bytes)))).toEqual(
          found.map(bytes => bytes && textOf(bytes)),
        )
      }
    }),
    { numRuns: 200 },
  )
})

function isWithin(bytes: Buffer, from: Uint8Array, to: Uint8Array): boolean {
  return Buffer.compare(bytes, from) >= 0 && Buffer.compare(bytes, to) < 0
}

it('reads as of a snapshot', async context => {
  const native = packed(context)
  const put = (text: string) => {
    const changes = { store: 'a', keys: [Buffer.from('k')], values: [Buffer.from(text)] }
    return writePacked(native, db, [{ storeId: 1, changes }], [])
  }
  await put('before')
  const snapshot = db.snapshot()
  await put('after')
  const read = async (reader: RocksDB) => String(await readPacked(native, reader, 1, [Buffer.from('k')]))
  expect(await read(snapshot)).toBe('before')
  expect(await read(db)).toBe('after')
  await snapshot.close()
})

it('refuses a table that names more bytes than there are', async context => {
  const native = packed(context)
  const { _state, _columnFamily } = db
  const [database, family, bytes] = [_state._handle, _columnFamily._handle, new Uint8Array(3)]
  const more = 'the table names more bytes than there are'
  expect(() => native.write(database, family, bytes, Uint32Array.of((1 << 30) | 2, 2))).toThrow(more)
  expect(() => native.read(database, family, bytes, Uint32Array.of(2, 0xffffffff), undefined)).toThrow(more)
  // The length of a key has thirty bits.
  expect(() => native.write(database, family, bytes, Uint32Array.of(0xffffffff, 0))).toThrow(more)
  expect(() => native.write(family, family, bytes, new Int32Array(2) as never)).toThrow('write takes two handles')
  await native.write(database, family, new Uint8Array(), new Uint32Array())
  expect((await native.read(database, family, new Uint8Array(), new Uint32Array(), undefined))[0].byteLength).toBe(0)
})
