import { expect, it } from 'vitest'
import type { InstanceAnswer } from './answers.ts'
import { whyHere } from './why-here.ts'

const instance = (name: string, tasks: Partial<InstanceAnswer>): InstanceAnswer => {
  return { id: name, name, here: false, active: [], standby: [], warmup: [], ...tasks }
}
const a = instance('a', { active: ['0_0'] })

it.each<[string, number, readonly InstanceAnswer[], RegExp]>([
  ['nobody in the group', 0, [], /No instance/],
  ['no owner', 0, [instance('b', {})], /Nobody has it/],
  ['one instance', 5, [a], /one instance/],
  ['a move that waits', 5, [a, instance('b', { warmup: ['0_0'] })], /stays on a.*until the copy on b/],
  ['a standby', 5, [a, instance('b', { active: ['0_1'], standby: ['0_0'] })], /1 to 1.*b would take over/],
  ['no state', 0, [a, instance('b', { active: ['0_1', '0_2'] })], /1 to 2.*no state/],
])('says why: %s', (_what, changelogRecords, instances, text) => {
  expect(whyHere({ id: '0_0', changelogRecords }, instances)).toMatch(text)
})
