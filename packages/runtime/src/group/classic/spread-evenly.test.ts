import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type SpreadProblem, spreadEvenly } from './spread-evenly.ts'

const drawn = fc
  .record({
    places: fc.integer({ min: 1, max: 3 }),
    items: fc.integer({ min: 1, max: 6 }),
    heavyWeight: fc.constantFrom(0, 10, 1000),
    totalWeight: fc.constantFrom(0, 10, 1000),
  })
  .chain(({ places, items, ...weights }) =>
    fc.record({
      places: fc.constant(places),
      items: fc.constant(items),
      heavyWeight: fc.constant(weights.heavyWeight),
      totalWeight: fc.constant(weights.totalWeight),
      costs: fc.array(fc.array(fc.integer({ min: 0, max: 100 }), { minLength: places, maxLength: places }), {
        minLength: items,
        maxLength: items,
      }),
      heavy: fc.array(fc.boolean(), { minLength: items, maxLength: items }),
      capacities: fc.array(fc.constantFrom(1, 2), { minLength: places, maxLength: places }),
      start: fc.array(fc.integer({ min: 0, max: places - 1 }), { minLength: items, maxLength: items }),
    }),
  )

const problemOf = ({ costs, heavy, capacities, ...rest }: typeof drawn extends fc.Arbitrary<infer D> ? D : never) =>
  ({
    ...rest,
    cost: (item, place) => costs[item]![place]!,
    isHeavy: item => heavy[item]!,
    capacity: place => capacities[place]!,
  }) satisfies SpreadProblem

function priceOf(problem: SpreadProblem, at: readonly number[]): number {
  let price = at.reduce((sum, place, item) => sum + problem.cost(item, place, Int32Array.from(at)), 0)
  for (let place = 0; place < problem.places; place++) {
    const here = [...at.keys()].filter(item => at[item] === place)
    const heavy = here.filter(item => problem.isHeavy(item)).length
    price += (problem.heavyWeight * heavy ** 2 + problem.totalWeight * here.length ** 2) / problem.capacity(place)
  }
  return price
}

it('finds as good a placement as trying them all does', () => {
  fc.assert(
    fc.property(drawn, one => {
      const problem = problemOf(one)
      let best = Infinity
      for (let number = 0; number < one.places ** one.items; number++) {
        const at = Array.from({ length: one.items }, (_, item) => Math.floor(number / one.places ** item) % one.places)
        best = Math.min(best, priceOf(problem, at))
      }
      const found = spreadEvenly(problem, Int32Array.from(one.start))
      expect(priceOf(problem, [...found])).toBeLessThanOrEqual(best + one.items)
    }),
  )
})

it('leaves what it found as it is', () => {
  fc.assert(
    fc.property(drawn, one => {
      const found = spreadEvenly(problemOf(one), Int32Array.from(one.start))
      expect([...spreadEvenly(problemOf(one), Int32Array.from(found))]).toEqual([...found])
    }),
  )
})

it('puts nothing where it must not be', () => {
  const problem: SpreadProblem = {
    places: 2,
    items: 4,
    cost: (_, place) => (place === 0 ? Infinity : 0),
    isHeavy: () => true,
    capacity: () => 1,
    heavyWeight: 100,
    totalWeight: 100,
  }
  expect([...spreadEvenly(problem, Int32Array.of(1, 1, 1, 1))]).toEqual([1, 1, 1, 1])
})
