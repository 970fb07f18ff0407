import { UndoLog } from '@millrace/core'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { BufferEntry, type EntryBefore } from './buffer-entry.ts'
import { ChangedEntries } from './changed-entries.ts'

it('keeps entries in the order of their last change, each once, as a Map does that they are taken out of first', () => {
  const change = fc.oneof(
    { weight: 1_000, arbitrary: fc.nat({ max: 9 }) },
    { weight: 1, arbitrary: fc.constantFrom('read' as const, 'take' as const) },
  )
  fc.assert(
    fc.property(fc.array(change, { maxLength: 6_000, size: 'max' }), changes => {
      const entries = Array.from({ length: 10 }, (_, key) => new BufferEntry(key, 0, null, 'v', 0))
      const model = new Map<unknown, BufferEntry>()
      const changed = new ChangedEntries()
      for (const each of changes) {
        if (each === 'read') expect(inOrder(changed)).toEqual([...model.keys()])
        else if (each === 'take') {
          expect(changed.take()).toEqual([...model.values()])
          expect(entries.every(({ dirty }) => !dirty)).toBe(true)
          model.clear()
        } else {
          const entry = entries[each]!
          if (entry.dirty) changed.moveToEnd(entry)
          else changed.add(entry)
          model.delete(each)
          model.set(each, entry)
        }
        expect(changed.size).toBe(model.size)
      }
      expect(inOrder(changed)).toEqual([...model.keys()])
    }),
    { numRuns: 50 },
  )
})

it('takes changes back, from the last one, with the places that entries got; what is not noted stays', async () => {
  const key = fc.nat({ max: 4 })
  const change = fc.record({ key, times: fc.constantFrom(1, 1, 1, 700), noted: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(key), fc.array(change, { maxLength: 12 }), async (kept, changes) => {
      const entries = Array.from({ length: 5 }, (_, at) => new BufferEntry(at, 0, null, 'v', 0))
      const undo = new UndoLog()
      const changed = new ChangedEntries()
      const takeOut = (entry: BufferEntry) => changed.remove(entry)
      const restore = (before: EntryBefore) => changed.restore(before)
      const put = (at: number) => {
        const entry = entries[at]!
        if (entry.dirty) {
          undo.note(restore, entry.before())
          changed.moveToEnd(entry)
        } else {
          changed.add(entry)
          undo.note(takeOut, entry)
        }
      }
      kept.forEach(put)
      undo.clear()
      const before = inOrder(changed)
      for (const { key: at, times, noted } of changes) {
        // Another key in between, or the last one would keep its place.
        const puts = () => {
          for (let time = 0; time < times; time++) [at, (at + 1) % 5].forEach(put)
        }
        if (noted) puts()
        else await undo.unnoted(puts)
      }
      undo.rollBack()
      const stays = new Set(
        changes.filter(({ noted }) => !noted).flatMap(({ key: at }) => [at, (at + 1) % 5] as unknown[]),
      )
      const after = inOrder(changed)
      expect(after.filter(each => !stays.has(each))).toEqual(before.filter(each => !stays.has(each)))
      expect(changed.size).toBe(after.length)
      expect(new Set(after).size).toBe(after.length)
      expect(new Set(entries.filter(({ dirty }) => dirty).map(entry => entry.key))).toEqual(new Set(after))
      // The places are right too: an entry that changes again comes last.
      for (const each of after.toReversed() as number[]) {
        put(each)
        expect(inOrder(changed).at(-1)).toBe(each)
      }
      expect(changed.size).toBe(after.length)
    }),
  )
})

it('leaves a list alone that is being read', () => {
  const changed = new ChangedEntries()
  const [a, b] = ['a', 'b'].map(key => new BufferEntry(key, 0, null, 'v', 0)) as [BufferEntry, BufferEntry]
  changed.add(a)
  changed.add(b)
  const read = changed.inOrder()
  for (let times = 0; times < 5_000; times++) changed.moveToEnd(times % 2 === 0 ? a : b)
  expect(read).toEqual([a, b])
  expect(changed.inOrder()).toEqual([a, b])
  const again = changed.inOrder()
  changed.moveToEnd(a)
  changed.add(new BufferEntry('c', 0, null, 'v', 0))
  expect(again).toEqual([a, b])
})

it('reads another list after each change, also of the entry that is the last one', () => {
  const changed = new ChangedEntries()
  const entry = new BufferEntry('a', 0, null, 'v', 0)
  changed.add(entry)
  const read = changed.inOrder()
  expect(changed.inOrder()).toBe(read)
  changed.moveToEnd(entry)
  expect(changed.inOrder()).not.toBe(read)
})

function inOrder(changed: ChangedEntries): readonly unknown[] {
  return changed.inOrder().map(({ key }) => key)
}
