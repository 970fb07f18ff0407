import type { Statistic } from './metric-table.ts'
import { type Batch, Sampled } from './sampled.ts'

/** Records values, and tells statistics of them. */
export class Sensor {
  #calls = 0
  #total = 0
  readonly #sampled = new Sampled()
  readonly #now: () => number

  /** @param now a monotonic clock, in milliseconds */
  constructor(now: () => number) {
    this.#now = now
  }

  record(value = 1): void {
    this.recordAll({ count: 1, sum: value, min: value, max: value })
  }

  recordAll(batch: Batch): void {
    this.#calls += batch.count
    this.#total += batch.sum
    this.#sampled.record(batch, this.#now())
  }

  /** The sum of the last 30 to 60 seconds. */
  get recent(): number {
    return this.#sampled.sum(this.#now())
  }

  read(statistic: Exclude<Statistic, 'value' | 'text'>): number {
    const now = this.#now()
    switch (statistic) {
      case 'calls':
        return this.#calls
      case 'calls-per-second':
        return this.#sampled.count(now) / this.#sampled.seconds(now)
      case 'total':
        return this.#total
      case 'per-second':
        return this.#sampled.sum(now) / this.#sampled.seconds(now)
      case 'average':
        return this.#sampled.average(now)
      case 'minimum':
        return this.#sampled.minimum(now)
      case 'maximum':
        return this.#sampled.maximum(now)
    }
  }
}

/** Collects values on a hot path, where a sensor costs too much: the sensor takes them over after many records. */
export class Tally implements Batch {
  count = 0
  sum = 0
  min = Infinity
  max = -Infinity

  add(value: number): void {
    this.count++
    this.sum += value
    if (value < this.min) this.min = value
    if (value > this.max) this.max = value
  }

  moveTo(sensor: Sensor): void {
    if (this.count === 0) return
    sensor.recordAll(this)
    this.count = 0
    this.sum = 0
    this.min = Infinity
    this.max = -Infinity
  }
}
