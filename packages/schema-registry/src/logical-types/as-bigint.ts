import type { LogicalConverter } from '../avro/value-form.ts'

/** One for each unit: a bigint does not say what it counts, so that one unit is never read as another. */
const bigintConverter = (): LogicalConverter<bigint, bigint> => ({
  shape: 'bigint',
  longs: 'bigint',
  fromRaw: raw => raw,
  toRaw(value) {
    if (typeof value === 'bigint') return value
    throw new Error(`${typeof value === 'object' ? 'an object' : String(value)} is no bigint`)
  },
})

/** Timestamps and times of day that are a `long`, as `bigint` in the unit of the logical type. */
export const asBigint = {
  'timestamp-millis': bigintConverter(),
  'timestamp-micros': bigintConverter(),
  'timestamp-nanos': bigintConverter(),
  'local-timestamp-millis': bigintConverter(),
  'local-timestamp-micros': bigintConverter(),
  'local-timestamp-nanos': bigintConverter(),
  'time-micros': bigintConverter(),
} as const
