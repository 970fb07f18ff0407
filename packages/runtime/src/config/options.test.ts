import { ManualClock } from '@millrace/core'
import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { expect, it } from 'vitest'
import { resolveOptions } from './options.ts'

const client = memoryClient(new MemoryCluster({ clock: new ManualClock() }))
const given = { applicationId: 'app', client }

it('fills in what is not given', () => {
  const resolved = resolveOptions(given)
  expect(resolved).toMatchObject({ processingGuarantee: 'at_least_once', commitIntervalMs: 1000, onBadRecord: 'fail' })
  expect(resolveOptions({ ...given, processingGuarantee: 'exactly_once' }).commitIntervalMs).toBe(100)
})

it('sends three heartbeats within a session at least', () => {
  expect(resolveOptions(given).heartbeatIntervalMs).toBe(500)
  expect(resolveOptions({ ...given, sessionTimeoutMs: 1_000 }).heartbeatIntervalMs).toBe(333)
  const heartbeatIntervalMs = 2_000
  expect(resolveOptions({ ...given, sessionTimeoutMs: 6_000, heartbeatIntervalMs })).toMatchObject({
    heartbeatIntervalMs,
  })
  expect(() => resolveOptions({ ...given, sessionTimeoutMs: 5_999, heartbeatIntervalMs })).toThrowError(
    expect.objectContaining({
      code: 'MILLRACE_CONFIG_INVALID',
      message: expect.stringMatching(/at most a third of sessionTimeoutMs, which is 5999/),
    }),
  )
})

it.each<[string, object, RegExp]>([
  ['applicationId', { applicationId: 'my app' }, /letters, digits/],
  ['applicationId', { applicationId: undefined }, /letters, digits/],
  ['client', { client: undefined }, /kafka\(\{ brokers \}\)/],
  ['processingGuarantee', { processingGuarantee: 'exactly_once_v2' }, /at_most_once, at_least_once or exactly_once/],
  ['commitIntervalMs', { commitIntervalMs: -5 }, /from 0/],
  ['onBadRecord', { onBadRecord: 'ignore' }, /deadLetterTopic/],
  ['aplicationId', { aplicationId: 'app' }, /no such option.*applicationId/],
])('refuses a wrong %s', (option, wrong, expected) => {
  expect(() => resolveOptions({ ...given, ...wrong })).toThrowError(
    expect.objectContaining({
      code: 'MILLRACE_CONFIG_INVALID',
      message: expect.stringMatching(new RegExp(`option ${option} `)),
    }),
  )
  expect(() => resolveOptions({ ...given, ...wrong })).toThrowError(expected)
})
