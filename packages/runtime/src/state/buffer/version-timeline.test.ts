import fc from 'fast-check'
import { expect, it } from 'vitest'
import { putVersion, type Version, versionAt } from './version-timeline.ts'

/** Puts as they came. A deletion at the time of the latest value is told apart below. */
const puts = fc.array(fc.record({ timestamp: fc.nat(12), content: fc.option(fc.constantFrom('a', 'b', 'c')) }), {
  maxLength: 30,
})

it('knows what was valid at each time: the last put of the latest time before', () => {
  fc.assert(
    fc.property(puts, all => {
      const versions: Version[] = []
      const byTime = new Map<number, string | null>()
      for (const { timestamp, content } of all) {
        const { validTo, removed } = putVersion(versions, timestamp, content, null)
        byTime.set(timestamp, content)
        // A deletion at the value's own time may leave no trace: then no later put ends there.
        if (removed !== undefined) {
          expect([content, removed.timestamp]).toEqual([null, timestamp])
          byTime.delete(timestamp)
        }
        const later = [...byTime.keys()].filter(time => time > timestamp)
        // What Kafka Streams forgets is a deletion, so that it may find nothing where one stands in the way.
        if (validTo !== Number.POSITIVE_INFINITY) expect(validTo).toBe(Math.min(...later))
        else expect(later.every(time => byTime.get(time) === null)).toBe(true)
        if (validTo === Number.POSITIVE_INFINITY) for (const time of later) byTime.delete(time)
      }
      for (let time = 0; time <= 13; time++) {
        const known = [...byTime.keys()].filter(at => at <= time)
        const expected = known.length === 0 ? null : byTime.get(Math.max(...known))
        expect(versionAt(versions, time)?.content ?? null).toBe(expected)
      }
    }),
  )
})

it('keeps the end of each version where the next one begins', () => {
  fc.assert(
    fc.property(puts, all => {
      const versions: Version[] = []
      for (const { timestamp, content } of all) putVersion(versions, timestamp, content, null)
      versions.forEach((version, index) =>
        expect(version.validTo).toBe(versions[index + 1]?.timestamp ?? Number.POSITIVE_INFINITY),
      )
    }),
  )
})

it('forgets a key as a whole whose only version is deleted at its own time, as Kafka Streams does', () => {
  const versions: Version[] = []
  putVersion(versions, 5, 'a', null)
  putVersion(versions, 5, null, null)
  expect(putVersion(versions, 3, 'late', null).validTo).toBe(Number.POSITIVE_INFINITY)
})

it('remembers a deletion that ends another version', () => {
  const versions: Version[] = []
  putVersion(versions, 1, 'a', null)
  putVersion(versions, 5, 'b', null)
  putVersion(versions, 5, null, null)
  expect(putVersion(versions, 3, 'late', null).validTo).toBe(5)
})
