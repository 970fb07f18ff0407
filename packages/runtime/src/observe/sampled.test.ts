import { expect, it } from 'vitest'
import { Sensor } from './sensor.ts'

/** A sensor, and a clock that the test moves. */
function sensorAt(start = 0) {
  const clock = { now: start }
  return { sensor: new Sensor(() => clock.now), clock }
}

it('assumes one full window, as Kafka does', () => {
  const { sensor } = sensorAt()
  sensor.record()
  // What Kafka Streams 4.3.1 shows after the first record.
  expect(sensor.read('calls-per-second')).toBe(1 / 30)
  expect(sensor.read('calls')).toBe(1)
})

it('divides by the time since the oldest sample once a window is over', () => {
  const { sensor, clock } = sensorAt()
  for (; clock.now < 40_000; clock.now += 1000) sensor.record(3)
  expect(sensor.read('calls-per-second')).toBe(1)
  expect(sensor.read('per-second')).toBe(3)
  expect(sensor.read('total')).toBe(120)
})

it('forgets what is older than two windows, but no total', () => {
  const { sensor, clock } = sensorAt()
  sensor.record(5)
  sensor.record(7)
  expect([sensor.read('average'), sensor.read('minimum'), sensor.read('maximum')]).toEqual([6, 5, 7])
  clock.now = 60_000
  expect([sensor.read('average'), sensor.read('minimum'), sensor.read('maximum')]).toEqual([
    Number.NaN,
    Number.NaN,
    Number.NaN,
  ])
  expect([sensor.read('total'), sensor.read('calls'), sensor.read('per-second')]).toEqual([12, 2, 0])
})

it('keeps a sample that began before the two windows and reaches into them', () => {
  const { sensor, clock } = sensorAt()
  sensor.record(1)
  clock.now = 29_000
  sensor.record(9)
  clock.now = 31_000
  sensor.record(2)
  clock.now = 62_000
  sensor.record(3)
  expect(sensor.read('maximum')).toBe(9)
  // 31 to 62: the first sample is too old now, since nothing was added to it for two windows.
  clock.now = 89_000
  expect(sensor.read('maximum')).toBe(3)
})
