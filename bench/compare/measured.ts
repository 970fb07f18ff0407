import type { Noise } from './noise.ts'
import type { OutputDigest } from './outputs.ts'

/** One run of one contender. */
export interface Measured {
  /** What the ratio is made of: records a second, milliseconds or megabytes. */
  readonly value: number
  /** Records a second. */
  readonly rate?: number
  /** Of CPU, for each record. */
  readonly cpuMicros?: number | undefined
  readonly peakMb?: number | undefined
  /** Milliseconds, where latency is measured. */
  readonly latency?: { readonly p50: number; readonly p99: number; readonly p999: number }
  /** Other figures, by name. */
  readonly figures?: Readonly<Record<string, number>>
  /** Absent when it was not read: where nothing is written, or when the contender was not through. */
  readonly output?: OutputDigest
  /** A rival that was not through in its time: the rate is that of the time. */
  readonly unfinished?: boolean
  readonly noise: Noise
}
