import { expect, it } from 'vitest'
import type RocksDB from '#rocksdb-native'
import { SharedSnapshot } from './shared-snapshot.ts'

function database() {
  const open = new Set<number>()
  let taken = 0
  const snapshot = () => {
    const number = ++taken
    open.add(number)
    return { number, close: async () => void open.delete(number) }
  }
  return { open, db: { snapshot } as unknown as RocksDB, taken: () => taken }
}

it('is one snapshot for all who read at the same time, until the last of them has ended', async () => {
  const { db, open, taken } = database()
  const shared = new SharedSnapshot(db)
  const held = [shared.hold(), shared.hold(), shared.hold()]
  expect(new Set(held.map(({ session }) => session)).size).toBe(1)
  for (const one of held) {
    expect([...open]).toEqual([1])
    await one.release()
  }
  expect(open.size).toBe(0)
  await shared.hold().release()
  expect([taken(), open.size]).toEqual([2, 0])
})

it('is another one after a write, and those who read before keep theirs', async () => {
  const { db, open } = database()
  const shared = new SharedSnapshot(db)
  const before = shared.hold()
  shared.outdate()
  const after = shared.hold()
  expect(after.session).not.toBe(before.session)
  await before.release()
  expect([...open]).toEqual([2])
  const again = shared.hold()
  expect(again.session).toBe(after.session)
  await after.release()
  await again.release()
  expect(open.size).toBe(0)
})
