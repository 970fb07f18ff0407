import fc from 'fast-check'
import { expect, it } from 'vitest'
import { BufferEntry } from './buffer-entry.ts'
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
      const inOrder = () => changed.inOrder().map(({ key }) => key)
      for (const each of changes) {
        if (each === 'read') expect(inOrder()).toEqual([...model.keys()])
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
      expect(inOrder()).toEqual([...model.keys()])
    }),
    { numRuns: 50 },
  )
})

it('takes changes back, from the last one, with the places that entries got', () => {
  const key = fc.nat({ max: 4 })
  fc.assert(
    fc.property(fc.array(key), fc.array(fc.oneof(key, fc.constant('read' as const))), (kept, takenBack) => {
      const entries = Array.from({ length: 5 }, (_, at) => new BufferEntry(at, 0, null, 'v', 0))
      const changed = new ChangedEntries()
      const change = (at: number) => {
        const entry = entries[at]!
        if (entry.dirty) changed.moveToEnd(entry)
        else changed.add(entry)
      }
      kept.forEach(change)
      const before = changed.inOrder().map(entry => entry.key)
      const undo: (() => void)[] = []
      for (const each of takenBack) {
        if (each === 'read') changed.inOrder()
        else {
          const was = entries[each]!.before()
          undo.push(() => changed.restore(was))
          change(each)
        }
      }
      for (const step of undo.toReversed()) step()
      expect(changed.inOrder().map(entry => entry.key)).toEqual(before)
      expect(changed.size).toBe(before.length)
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
  expect(read.slice(0, 2)).toEqual([a, b])
  expect(changed.inOrder()).toEqual([a, b])
})
