import type { LogicalType } from '../avro/logical-type.ts'
import type { LogicalConverter } from '../avro/value-form.ts'
import { asInt, fromNanos, NANOS_PER_MILLI, toNanos } from './units.ts'

/** The last millisecond that a `Date` can hold, before and after the epoch. */
const LAST_MS = 8_640_000_000_000_000n

const dateConverter = (toInt: boolean): LogicalConverter<Date, number | bigint> => ({
  shape: 'date',
  longs: 'bigint',
  fromRaw(raw, type) {
    const nanos = toNanos(raw, type)
    if (nanos % NANOS_PER_MILLI !== 0n) throw new Error(tooExact(raw, type))
    const milliseconds = nanos / NANOS_PER_MILLI
    if (milliseconds > LAST_MS || milliseconds < -LAST_MS) throw new Error(`${raw} is a time that no Date can hold`)
    return new Date(Number(milliseconds))
  },
  toRaw(value, type) {
    if (!(value instanceof Date))
      throw new Error(`${typeof value === 'object' ? 'an object' : String(value)} is no Date`)
    const time = value.getTime()
    if (Number.isNaN(time)) throw new Error('the Date is invalid')
    const units = fromNanos(BigInt(time) * NANOS_PER_MILLI, type, value.toISOString())
    return toInt ? asInt(units) : units
  },
})

function tooExact(raw: number | bigint, { name }: LogicalType): string {
  return `the ${name} ${raw} is no whole number of milliseconds, and a Date holds no more: use asBigint or asTemporal`
}

const timestamp = dateConverter(false)

/**
 * Timestamps and dates as `Date`. A time that is more exact than a millisecond is refused, never rounded. Local timestamps and dates
 * are those of UTC: read them with `getUTCHours()` and the like.
 */
export const asDate = {
  'timestamp-millis': timestamp,
  'timestamp-micros': timestamp,
  'timestamp-nanos': timestamp,
  'local-timestamp-millis': timestamp,
  'local-timestamp-micros': timestamp,
  'local-timestamp-nanos': timestamp,
  date: dateConverter(true),
} as const
