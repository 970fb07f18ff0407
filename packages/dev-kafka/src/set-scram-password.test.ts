import { expect, it } from 'vitest'
import { checkAnswer, encodeUpsertion } from './set-scram-password.ts'

const hex = (...parts: readonly string[]): Buffer => Buffer.from(parts.join(''), 'hex')
const text = (value: string): string => Buffer.from(value).toString('hex')

it('writes one user, one mechanism', () => {
  const salt = Buffer.from('salt')
  const request = encodeUpsertion('app', { id: 1, hash: 'sha256', bytes: 32 }, salt, 'password')
  // The salted password is a published test vector of PBKDF2-HMAC-SHA-256: "password", "salt", 4096 iterations.
  const salted = 'c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a'
  const header = ['0033', '0000', '00000001', '0009', text('dev-kafka'), '00']
  const body = ['01', '02', '04', text('app'), '01', '00001000', '05', text('salt'), '21', salted, '00', '00']
  expect(request.subarray(4)).toEqual(hex(...header, ...body))
  expect(request.readInt32BE(0)).toBe(request.length - 4)
})

it.each([
  ['without a reason', ['0044', '00'], 'error 68'],
  ['with one', ['0044', '03', text('no')], 'error 68: no'],
])('says why the broker refuses, %s', (_what, end, reason) => {
  const before = ['00000001', '00', '00000000', '02', '04', text('app')]
  expect(() => checkAnswer(hex(...before, ...end, '00', '00'))).toThrow(reason)
  expect(() => checkAnswer(hex(...before, '0000', '00', '00', '00'))).not.toThrow()
})
