import { StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { isCalledInternal } from '../topics/called-internal.ts'
import { chooseInternalTopics } from './internal-topic-names.ts'

const texts = { key: string(), value: string() }
const existing = [
  'in',
  'app-out',
  'app-counts-changelog',
  'app-by-word-repartition',
  'app-old-changelog',
  'app-two-counts-changelog',
  'other-counts-changelog',
]

function plan() {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .groupBy(word => word, { ...texts, name: 'by-word' })
    .count({ store: 'counts' })
  return builder.build()
}

const choose = (options: Partial<Parameters<typeof chooseInternalTopics>[0]>) =>
  chooseInternalTopics({ applicationId: 'app', existing, users: [], plan: undefined, only: undefined, ...options })

it.each([
  ['app-counts-changelog', true],
  ['app-KSTREAM-AGGREGATE-STATE-STORE-0000000002-repartition', true],
  ['app-KTABLE-FK-JOIN-SUBSCRIPTION-REGISTRATION-0000000006-topic', true],
  ['app-KTABLE-FK-JOIN-SUBSCRIPTION-RESPONSE-0000000014-topic', true],
  ['app-join-subscription-registration-topic', true],
  ['app-join-subscription-response-topic', true],
  ['app-out', false],
  ['app-changelog-out', false],
  ['counts-changelog', false],
  ['other-counts-changelog', false],
  ['app2-counts-changelog', false],
])('whether %s is called like an internal topic of "app": %s', (topic, internal) => {
  expect(isCalledInternal('app', topic)).toBe(internal)
})

it('without a topology takes all that are called so, as Kafka Streams does', () => {
  const doomed = ['app-by-word-repartition', 'app-counts-changelog', 'app-old-changelog', 'app-two-counts-changelog']
  expect(choose({})).toEqual({ doomed, spared: [], foreign: [] })
  expect(choose({ users: ['app-old-changelog'] }).doomed).not.toContain('app-old-changelog')
})

it('with a topology takes its own, and says what else is called so', () => {
  expect(choose({ plan: plan() })).toEqual({
    doomed: ['app-by-word-repartition', 'app-counts-changelog'],
    spared: ['app-old-changelog', 'app-two-counts-changelog'],
    foreign: [],
  })
})

it('takes what is asked for, and nothing that is called otherwise', () => {
  expect(choose({ only: ['app-old-changelog'], plan: plan() })).toEqual({
    doomed: ['app-old-changelog'],
    spared: ['app-by-word-repartition', 'app-counts-changelog', 'app-two-counts-changelog'],
    foreign: [],
  })
  expect(choose({ only: ['in', 'other-counts-changelog'] }).foreign).toEqual(['in', 'other-counts-changelog'])
})
