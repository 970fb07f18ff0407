/** How long one sample is filled, and how many are looked at: the defaults of Kafka's `metrics.sample.window.ms` and `metrics.num.samples`. */
const WINDOW_MS = 30_000
const SAMPLES = 2

interface Sample {
  started: number
  last: number
  count: number
  sum: number
  min: number
  max: number
}

/** Several values at once. */
export interface Batch {
  readonly count: number
  readonly sum: number
  readonly min: number
  readonly max: number
}

/**
 * The last 30 to 60 seconds of what was recorded, as Kafka's `SampledStat` and `Rate` keep them, so that rates, averages and extremes have the
 * same values. Times are those of a monotonic clock, in milliseconds.
 */
export class Sampled {
  /** One more than are looked at, for the sample that the look reaches into. */
  readonly #samples: Sample[] = []
  #current = 0

  record(batch: Batch, now: number): void {
    const sample = this.#sampleAt(now)
    sample.count += batch.count
    sample.sum += batch.sum
    if (batch.min < sample.min) sample.min = batch.min
    if (batch.max > sample.max) sample.max = batch.max
    sample.last = now
  }

  sum(now: number): number {
    return this.#fresh(now).reduce((sum, sample) => sum + sample.sum, 0)
  }

  count(now: number): number {
    return this.#fresh(now).reduce((sum, sample) => sum + sample.count, 0)
  }

  /** NaN if nothing was recorded, as in Kafka; the same for the extremes. */
  average(now: number): number {
    return this.sum(now) / this.count(now)
  }

  minimum(now: number): number {
    return extreme(Math.min(...this.#fresh(now).map(({ min }) => min)))
  }

  maximum(now: number): number {
    return extreme(Math.max(...this.#fresh(now).map(({ max }) => max)))
  }

  /** Over how much time the sum and the count are, in seconds: one full window at least, since less would exaggerate rates. */
  seconds(now: number): number {
    const oldest = Math.min(now, ...this.#fresh(now).map(({ started }) => started))
    const elapsed = now - oldest
    const missing = Math.max(0, SAMPLES - 1 - Math.floor(elapsed / WINDOW_MS))
    return Math.max(1, elapsed + missing * WINDOW_MS) / 1000
  }

  #sampleAt(now: number): Sample {
    const current = this.#samples[this.#current]
    if (current === undefined) return (this.#samples[this.#current] = emptySample(now))
    if (now - current.started < WINDOW_MS) return current
    this.#current = (this.#current + 1) % (SAMPLES + 1)
    return (this.#samples[this.#current] = emptySample(now))
  }

  /** Clears samples that are older than the window. */
  #fresh(now: number): readonly Sample[] {
    for (const sample of this.#samples) {
      if (now - sample.last >= SAMPLES * WINDOW_MS) Object.assign(sample, emptySample(now))
    }
    return this.#samples
  }
}

function emptySample(now: number): Sample {
  return { started: now, last: now, count: 0, sum: 0, min: Infinity, max: -Infinity }
}

function extreme(value: number): number {
  return Number.isFinite(value) ? value : Number.NaN
}
