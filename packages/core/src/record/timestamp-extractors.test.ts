import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../clock/manual-clock.ts'
import type { ExtractableRecord } from '../topology/plan.ts'
import {
  correctedDeviceTime,
  deviceTime,
  fromPayload,
  recordTime,
  usePartitionTimeOnInvalid,
  wallClock,
} from './timestamp-extractors.ts'

const record = <V>(value: V, timestamp = 50): ExtractableRecord<string, V> => {
  return { key: 'k', value, timestamp, topic: 't', partition: 0, offset: 0 }
}

it('takes the time of the record, or of the clock', () => {
  expect(recordTime(record('v'), 99)).toBe(50)
  expect(wallClock(new ManualClock(7))(record('v'), 99)).toBe(7)
})

it.each([
  [{ at: 5 }, 5],
  [{ at: 5.9 }, 5],
  [{ at: new Date(8) }, 8],
  [{ at: null }, -1],
  [{}, -1],
  [{ at: Number.NaN }, -1],
  [{ at: new Date('never') }, -1],
])('reads %j from the payload as %d', (value, expected) => {
  expect(fromPayload((payload: { at?: number | Date | null }) => payload.at)(record(value), 99)).toBe(expected)
})

it('takes the time of the partition where there is no other', () => {
  const extractor = usePartitionTimeOnInvalid(fromPayload((payload: { at?: number }) => payload.at))
  expect([record<{ at?: number }>({ at: 3 }), record({})].map(each => extractor(each, 99))).toEqual([3, 99])
  expect(usePartitionTimeOnInvalid()(record('v', -1), 12)).toBe(12)
})

describe('the time of a device whose clock is wrong', () => {
  const time = fc.integer({ min: 0, max: 2 ** 50 })

  it('is right however wrong the clock is, when nothing is on the way for long', () => {
    fc.assert(
      fc.property(time, fc.nat(1e9), fc.integer({ min: -1e12, max: 1e12 }), (happened, waited, error) => {
        const times = { event: happened + error, sent: happened + waited + error, received: happened + waited }
        expect(correctedDeviceTime(times)).toBe(happened)
      }),
    )
  })

  it('is never after it was received, nor before the epoch', () => {
    fc.assert(
      fc.property(fc.option(time), fc.option(time), time, (event, sent, received) => {
        const corrected = correctedDeviceTime({ event, sent, received })
        expect(corrected).toBeGreaterThanOrEqual(0)
        expect(corrected).toBeLessThanOrEqual(received)
      }),
    )
  })

  it.each([
    ['has no time of the event', { event: undefined, sent: 90 }],
    ['has no time of sending', { event: 80, sent: null }],
    ['set its clock back meanwhile', { event: 80, sent: 70 }],
  ])('is when it was received where the device %s', (_what, times) => {
    expect(correctedDeviceTime({ ...times, received: 1_000 })).toBe(1_000)
  })

  it('is whole milliseconds, though clocks may be finer', () => {
    expect(correctedDeviceTime({ event: 10.25, sent: 12.5, received: 1_000 })).toBe(997)
  })

  it('takes the time of the record for when it was received, unless told otherwise', () => {
    interface Reading {
      readonly taken: number
      readonly sent: number
      readonly server?: number
    }
    const extractor = deviceTime(({ taken, sent, server }: Reading) => {
      return { event: taken, sent, ...(server === undefined ? {} : { received: server }) }
    })
    expect(extractor(record({ taken: 10, sent: 14 }, 1_000), -1)).toBe(996)
    expect(extractor(record({ taken: 10, sent: 14, server: 500 }, 1_000), -1)).toBe(496)
  })
})
