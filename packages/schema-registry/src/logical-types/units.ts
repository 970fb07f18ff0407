import type { LogicalType } from '../avro/logical-type.ts'

/** Nanoseconds of one unit of each logical type that counts time. */
const NANOS: Readonly<Record<string, bigint>> = {
  date: 86_400_000_000_000n,
  'time-millis': 1_000_000n,
  'time-micros': 1_000n,
  'timestamp-millis': 1_000_000n,
  'timestamp-micros': 1_000n,
  'timestamp-nanos': 1n,
  'local-timestamp-millis': 1_000_000n,
  'local-timestamp-micros': 1_000n,
  'local-timestamp-nanos': 1n,
}

export const NANOS_PER_MILLI = 1_000_000n
export const NANOS_PER_DAY = NANOS['date']!

export function toNanos(raw: number | bigint, { name }: LogicalType): bigint {
  return BigInt(raw) * NANOS[name]!
}

/** @throws when the time is no whole number of units: nothing is rounded */
export function fromNanos(nanos: bigint, { name }: LogicalType, shown: string): bigint {
  const unit = NANOS[name]!
  if (nanos % unit !== 0n) throw new Error(`${shown} is more exact than ${name}: round it first`)
  return nanos / unit
}

/** An `int` is written from a number, and the writer checks its range. */
export function asInt(value: bigint): number {
  return Number(value)
}
