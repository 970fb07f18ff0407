import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { asError, nameOfThrown, reasonOf, stackOfThrown } from './thrown.ts'

class HttpError {
  readonly status = 503
}

function fails(): never {
  throw new Error('a getter fails')
}

const revoked = Proxy.revocable({}, {})
revoked.revoke()
const circular: { name: string; self?: unknown } = { name: 'circular' }
circular.self = circular

/** What is thrown, and how it is shown. */
const THROWN: readonly (readonly [string, unknown, string])[] = [
  ['an Error', new Error('upstream is down'), 'upstream is down'],
  ['an Error without a message', new TypeError(), 'TypeError without a message'],
  ['a cross-realm Error', runInNewContext(`new Error('from elsewhere')`), 'from elsewhere'],
  ['undefined', undefined, 'undefined was thrown'],
  ['null', null, 'null was thrown'],
  ['a text', 'no such order', 'no such order'],
  ['an empty text', '', 'an empty text was thrown'],
  ['a number', 404, '404'],
  ['a bigint', 10n, '10'],
  ['a symbol', Symbol('gone'), 'Symbol(gone)'],
  ['a function', () => 1, 'a function was thrown'],
  ['a plain object', { status: 503, message: 'upstream is down' }, 'upstream is down'],
  ['a plain object without a message', { status: 503, big: 1n }, '{"status":503,"big":"1n"}'],
  ['an object without a prototype', Object.assign(Object.create(null), { code: 'GONE' }), '{"code":"GONE"}'],
  ['a frozen object', Object.freeze({ code: 'GONE' }), '{"code":"GONE"}'],
  ['an instance of a class', new HttpError(), '{"status":503}'],
  ['a message that is no text', { message: { code: 1 } }, '{"message":{"code":1}}'],
  ['an object with itself inside', circular, '{"name":"circular","self":"(again)"}'],
  ['an empty object', {}, 'an object that cannot be shown was thrown'],
  [
    'a getter that throws',
    Object.defineProperty({ code: 1 }, 'message', { get: fails, enumerable: true }),
    'an object that cannot be shown was thrown',
  ],
  [
    'an Error whose message cannot be read',
    Object.defineProperty(new RangeError(), 'message', { get: fails }),
    'RangeError without a message',
  ],
  ['a toString that throws', { toString: fails, code: 1 }, '{"code":1}'],
  ['a toJSON that throws', { toJSON: fails }, 'an object that cannot be shown was thrown'],
  ['a proxy that was revoked', revoked.proxy, 'an object that cannot be shown was thrown'],
  [
    'a proxy that answers nothing',
    new Proxy({}, { get: fails, ownKeys: fails, getPrototypeOf: fails }),
    'an object that cannot be shown was thrown',
  ],
  ['several errors', new AggregateError([new Error('one'), new Error('two')]), 'one; two'],
]

it.each(THROWN)('%s is shown', (_what, thrown, shown) => {
  expect(reasonOf(thrown)).toBe(shown)
  const error = asError(thrown)
  expect(error).toBeInstanceOf(Error)
  expect(typeof error.message).toBe('string')
  expect(typeof nameOfThrown(thrown)).toBe('string')
  expect(typeof stackOfThrown(thrown)).toBe('string')
})

it('an Error stays what it is', () => {
  const error = new RangeError('too far')
  expect(asError(error)).toBe(error)
  expect(nameOfThrown(error)).toBe('RangeError')
  expect(stackOfThrown(error)).toContain('too far')
})

it('what is thrown otherwise is the cause', () => {
  const thrown = { status: 503 }
  expect(asError(thrown)).toMatchObject({ message: '{"status":503}', cause: thrown })
})

it('long fields are cut', () => {
  expect(reasonOf({ body: 'x'.repeat(10_000) })).toHaveLength(2_001)
})
