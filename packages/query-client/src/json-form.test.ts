import fc from 'fast-check'
import { isDeepStrictEqual } from 'node:util'
import { expect, it } from 'vitest'
import { fromJsonForm, toJsonForm } from './json-form.ts'

it('values come back as they were', () => {
  const value = fc.letrec(tie => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string(),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.constant(undefined),
      fc.bigInt(),
      fc.date({ noInvalidDate: true }),
      fc.uint8Array(),
      fc.array(tie('value')),
      fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('$bigint', '$', '__proto__', 'constructor')), tie('value'), {
        noNullPrototype: true,
      }),
      fc.array(fc.tuple(fc.string(), tie('value'))).map(entries => new Map(entries)),
      fc.array(fc.bigInt()).map(entries => new Set(entries)),
    ),
  })).value
  fc.assert(
    fc.property(value, one => {
      const form = JSON.stringify(toJsonForm(one))
      // Of vitest's equality, an own member `constructor` is the class of the object.
      expect(isDeepStrictEqual(fromJsonForm(JSON.parse(form)), one), form).toBe(true)
    }),
  )
})

it.each<readonly [value: unknown, form: string]>([
  [12n, '{"$bigint":"12"}'],
  [Uint8Array.of(104, 105), '{"$bytes":"aGk="}'],
  [Buffer.from('hi'), '{"$bytes":"aGk="}'],
  [new Date(0), '{"$date":"1970-01-01T00:00:00.000Z"}'],
  [new Date(NaN), '{"$date":null}'],
  [NaN, '{"$number":"NaN"}'],
  [-0, '{"$number":"-0"}'],
  [{ $cost: 1 }, '{"$object":[["$cost",1]]}'],
  [{ toJSON: () => 'said by itself' }, '"said by itself"'],
])('%o', (value, form) => {
  expect(JSON.stringify(toJsonForm(value))).toBe(form)
})

it.each([() => 1, Symbol('s')])('%o has no form', value => {
  expect(() => toJsonForm({ value })).toThrow(TypeError)
})

it('a value that contains itself is refused', () => {
  const value: { self?: unknown } = {}
  value.self = value
  expect(() => toJsonForm(value)).toThrow('nested')
})

it.each([
  { $what: 1 },
  { $bigint: 12 },
  { $bigint: 'x' },
  { $bytes: '!' },
  { $date: 'never' },
  { $number: '1' },
  { $map: [1] },
  { $set: 1 },
  { $object: [['a']] },
  { $bigint: '1', other: 2 },
])('%j is no form', form => {
  expect(() => fromJsonForm(form)).toThrow(TypeError)
})
