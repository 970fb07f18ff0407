import type { LogicalConverter } from '../avro/value-form.ts'
import { type AvroDuration, bytesOfDuration, durationOf } from './avro-duration.ts'

const duration: LogicalConverter<AvroDuration, Uint8Array> = {
  shape: 'object',
  fromRaw: durationOf,
  toRaw(value) {
    if (typeof value === 'object' && value !== null) return bytesOfDuration(value)
    throw new Error(`${String(value)} is no object with months, days and milliseconds`)
  },
}

/** Durations as `{ months, days, milliseconds }`. */
export const asParts = { duration } as const
