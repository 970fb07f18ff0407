import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BackendKeys } from './backend-keys.ts'
import { hashOf, KeySet } from './key-set.ts'

describe('a set of keys', () => {
  it('has what was added, and is wrong about few others', () => {
    const keys = new KeySet(4096)
    for (let index = 0; index < 4096; index++) keys.add(hashOf(`user-${index}`, 0))
    let wrong = 0
    for (let index = 0; index < 4096; index++) {
      expect(keys.has(hashOf(`user-${index}`, 0))).toBe(true)
      if (keys.has(hashOf(`other-${index}`, 0))) wrong++
    }
    expect(wrong).toBeLessThan(60)
  })

  it('tells slots apart, and takes equal keys of a Map for equal', () => {
    const [later, earlier] = [1_700_000_000_000, 1_700_000_060_000]
    expect(new Set([hashOf('a', 0), hashOf('a', later), hashOf('a', earlier), hashOf('b', 0)]).size).toBe(4)
    expect(hashOf(-0, 5)).toBe(hashOf(0, 5))
    expect(hashOf(2 ** 40, 0)).not.toBe(hashOf(0, 0))
  })
})

describe('the keys of a backend', () => {
  const key = fc.nat({ max: 30 }).map(String)
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ add: key, slot: fc.nat({ max: 9 }) }) },
    { weight: 1, arbitrary: fc.record({ moveOn: fc.nat({ max: 4 }) }) },
    { weight: 1, arbitrary: fc.record({ limit: fc.constantFrom(0, 1 << 20) }) },
  )

  it('are never denied while their slots live', () => {
    fc.assert(
      fc.property(fc.constantFrom(-Infinity, 3), fc.array(step, { maxLength: 60, size: 'max' }), (until, steps) => {
        const keys = new BackendKeys(until, true)
        const added = new Set<string>()
        let time = 10
        for (const action of steps) {
          if ('add' in action) {
            keys.add(action.add, time - action.slot, time)
            added.add(`${action.add} ${time - action.slot}`)
          } else if ('limit' in action) {
            keys.limit(action.limit, time)
          } else {
            time += action.moveOn
            keys.expire(time - 9)
          }
          for (const one of added) {
            const [its, slot] = one.split(' ') as [string, string]
            if (Number(slot) >= time - 9) expect(keys.mayHave(its, Number(slot))).toBe(true)
          }
          for (let slot = time - 9; slot <= until; slot++) expect(keys.mayHave('any', slot)).toBe(true)
        }
      }),
    )
  })

  it('are none until one is added, and again when its slot has expired', () => {
    const keys = new BackendKeys(-Infinity, true)
    expect([keys.none, keys.mayHave('a', 7)]).toEqual([true, false])
    keys.add('a', 7, 8)
    expect([keys.none, keys.mayHave('a', 7), keys.mayHave('a', 8)]).toEqual([false, true, false])
    keys.expire(8)
    expect(keys.none).toBe(false)
    keys.expire(9)
    expect([keys.none, keys.mayHave('a', 7)]).toEqual([true, false])
  })

  it('take no more memory than they may: then any key may be there', () => {
    const keys = new BackendKeys(-Infinity, false)
    for (let index = 0; index < 20_000; index++) keys.add(index, 0, -1)
    expect(keys.mayHave('other', 0)).toBe(false)
    expect(keys.bytes).toBe(32_768 * 2)
    keys.limit(60_000, -1)
    expect([keys.bytes, keys.mayHave('other', 0)]).toEqual([0, true])
  })
})
