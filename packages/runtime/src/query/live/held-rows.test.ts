import fc from 'fast-check'
import { expect, it } from 'vitest'
import { HeldRows } from './held-rows.ts'

const RETENTION_MS = 5_000
const row = (n: number) => Buffer.from(`row-${n}`)

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('add' as const), n: fc.nat({ max: 20 }), slot: fc.nat(9_000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), n: fc.nat({ max: 20 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('expire' as const), by: fc.nat(900) }) },
)

it('says of which rows the time has come, each once, and without keys at least that there are some', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), steps => {
      const held = new HeldRows(RETENTION_MS, true)
      const coarse = new HeldRows(RETENTION_MS, false)
      const model = new Map<number, number>()
      let before = 0
      for (const one of steps) {
        if (one.do === 'add') {
          const slot = model.get(one.n) ?? one.slot
          if (slot < before) continue
          model.set(one.n, slot)
          held.add(row(one.n), slot)
          coarse.add(row(one.n), slot)
        } else if (one.do === 'delete') {
          const slot = model.get(one.n)
          if (slot === undefined) continue
          model.delete(one.n)
          held.delete(row(one.n), slot)
          coarse.delete(row(one.n), slot)
        } else {
          before += one.by
          const due = [...model].filter(([, slot]) => slot < before).map(([n]) => n)
          for (const n of due) model.delete(n)
          const gone = held.expire(before)
          const names = gone?.map(String).sort()
          expect(names).toEqual(due.length === 0 ? undefined : due.map(n => String(row(n))).sort())
          const some = coarse.expire(before)
          if (due.length > 0) expect(some).toEqual([])
        }
      }
    }),
  )
})

it('knows nothing when it is cleared', () => {
  const held = new HeldRows(RETENTION_MS, true)
  held.add(row(1), 1)
  held.clear()
  expect(held.expire(10)).toBeUndefined()
})
