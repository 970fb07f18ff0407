import { join } from 'node:path'
import { expect, it } from 'vitest'
import { applicationDirectory, isStateEntry, planMoveAside } from './state-paths.ts'

it.each([
  ['word-count', 'word-count'],
  ['a.b_c-1', 'a.b_c-1'],
  ['..', '%2E%2E'],
  ['.', '%2E'],
  ['a/../../b', 'a%2F..%2F..%2Fb'],
  ['ä b', '%C3%A4%20b'],
])('the application %s is kept in %s', (applicationId, name) => {
  expect(applicationDirectory('state', applicationId)).toBe(join('state', name))
})

it.each([
  [[], '0_1.corrupt-1', []],
  [['0_1', '0_1.corrupt-1', '0_11.corrupt-7', '0_1.corrupt-x'], '0_1.corrupt-2', []],
  [['0_1.corrupt-1', '0_1.corrupt-2', '0_1.corrupt-3'], '0_1.corrupt-4', ['0_1.corrupt-1']],
  [
    ['0_1.corrupt-12', '0_1.corrupt-9', '0_1.corrupt-10', '0_1.corrupt-11'],
    '0_1.corrupt-13',
    ['0_1.corrupt-9', '0_1.corrupt-10'],
  ],
])('beside %j a corrupted state is moved to %s and %j go', (names, target, drop) => {
  expect(planMoveAside('0_1', names)).toEqual({ target, drop })
})

it.each([
  ['0_1', true],
  ['12_0.corrupt-3', true],
  ['global', true],
  ['global.corrupt-1', true],
  ['process.json', true],
  ['topology.json.partial', true],
  ['lock.0e4b1b0a-6d1f-4c3f-9d5e-3c2f1a0b9c8d', true],
  ['lock', false],
  ['notes.txt', false],
  ['0_1_backup', false],
  ['.checkpoint', false],
])('whether %s is of Millrace: %s', (name, ours) => {
  expect(isStateEntry(name)).toBe(ours)
})
