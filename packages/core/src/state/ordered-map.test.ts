import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type FrozenMap, OrderedMap } from './ordered-map.ts'

const keyArbitrary = fc.integer({ min: 0, max: 5000 }).map(number => String.fromCharCode(number >> 8, number & 0xff))

/** Enough of them for a tree of three levels. */
const manyKeys = fc.array(keyArbitrary, { maxLength: 400, size: 'max' })

const commandArbitrary = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('set' as const), keys: manyKeys }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('delete' as const), keys: manyKeys }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('freeze' as const) }) },
)

function rangeOf(
  map: FrozenMap<number>,
  way: 'forward' | 'reverse',
  from: string,
  to: string | undefined,
): [string, number][] {
  const seen: [string, number][] = []
  map[way](from, to, (key, value) => seen.push([key, value]) > 0)
  return seen
}

function expectSame(
  map: FrozenMap<number>,
  model: ReadonlyMap<string, number>,
  from: string,
  to: string | undefined,
): void {
  const expected = [...model].filter(([key]) => key >= from && (to === undefined || key < to))
  expected.sort(([a], [b]) => (a < b ? -1 : 1))
  expect(rangeOf(map, 'forward', from, to)).toEqual(expected)
  expect(rangeOf(map, 'reverse', from, to)).toEqual(expected.reverse())
}

it('is a sorted map, and what was frozen stays as it was', () => {
  fc.assert(
    fc.property(
      fc.array(commandArbitrary, { maxLength: 30, size: 'max' }),
      keyArbitrary,
      keyArbitrary,
      (commands, from, to) => {
        const map = new OrderedMap<number>()
        const model = new Map<string, number>()
        const frozen: [FrozenMap<number>, ReadonlyMap<string, number>][] = []
        let stamp = 0
        for (const command of commands) {
          if (command.kind === 'set') {
            for (const key of command.keys) {
              map.set(key, ++stamp)
              model.set(key, stamp)
            }
          } else if (command.kind === 'delete') {
            for (const key of command.keys) {
              map.delete(key)
              model.delete(key)
            }
          } else {
            frozen.push([map.freeze(), new Map(model)])
          }
        }
        frozen.push([map.freeze(), model])
        for (const [then, expected] of frozen) {
          expectSame(then, expected, '', undefined)
          expectSame(then, expected, from, to)
          for (const key of expected.keys()) expect(then.get(key)).toBe(expected.get(key))
        }
      },
    ),
    { numRuns: 60 },
  )
})

it('stops where the visitor says so', () => {
  const map = new OrderedMap<number>()
  for (let number = 0; number < 1000; number++) map.set(String(number).padStart(4, '0'), number)
  const seen: number[] = []
  map.freeze().forward('0500', undefined, (_key, value) => seen.push(value) < 3)
  expect(seen).toEqual([500, 501, 502])
})
