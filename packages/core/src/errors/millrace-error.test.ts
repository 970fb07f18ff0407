import { expect, it } from 'vitest'
import { millraceError } from './millrace-error.ts'
import { reasonOf } from './thrown.ts'

const missing = millraceError('MILLRACE_TOPIC_MISSING', { topic: 'orders' })

it('says in its message what to do, since loggers and test runners print nothing else', () => {
  expect(missing.message).toBe(`MILLRACE_TOPIC_MISSING: The topic "orders" does not exist. ${missing.hint}`)
  expect(missing.problem).toBe('The topic "orders" does not exist')
})

it.each<[string, unknown, string]>([
  [
    'another of its kind, without that one’s hint',
    missing,
    'MILLRACE_TOPIC_MISSING: The topic "orders" does not exist',
  ],
  ['any other error', new Error('no'), 'no'],
  ['what is no error', 'no', 'no'],
])('has for its reason what is said by %s', (_what, error, reason) => {
  expect(reasonOf(error)).toBe(reason)
})
