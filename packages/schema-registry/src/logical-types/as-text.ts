import type { LogicalType } from '../avro/logical-type.ts'
import type { LogicalConverter } from '../avro/value-form.ts'
import { decimalsAsText } from './decimals.ts'
import { asInt, fromNanos, NANOS_PER_DAY, NANOS_PER_MILLI, toNanos } from './units.ts'

const date: LogicalConverter<string, number> = {
  shape: 'string',
  fromRaw(raw) {
    const day = new Date(raw * 86_400_000)
    if (Number.isNaN(day.getTime())) throw new Error(`the day ${raw} is outside of the calendar`)
    return day.toISOString().slice(0, -'T00:00:00.000Z'.length)
  },
  toRaw(value) {
    const time = /^([+-]\d{6}|\d{4})-\d\d-\d\d$/.test(value) ? Date.parse(`${value}T00:00:00.000Z`) : Number.NaN
    // Date.parse takes 30 February for a day of March.
    if (Number.isNaN(time) || !new Date(time).toISOString().startsWith(value))
      throw new Error(`${shown(value)} is no date of the form YYYY-MM-DD`)
    return time / 86_400_000
  },
}

const TIME = /^([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?$/

const time = (toInt: boolean): LogicalConverter<string, number | bigint> => ({
  shape: 'string',
  longs: 'bigint',
  fromRaw(raw, type) {
    const nanos = toNanos(raw, type)
    if (nanos < 0n || nanos >= NANOS_PER_DAY) throw new Error(`${raw} is no time of a day`)
    const clock = new Date(Number(nanos / NANOS_PER_MILLI)).toISOString().slice(11, 19)
    return `${clock}.${String(nanos % 1_000_000_000n)
      .padStart(9, '0')
      .slice(0, fractionOf(type))}`
  },
  toRaw(value, type) {
    const [, hours, minutes, seconds, fraction = ''] = TIME.exec(value) ?? []
    if (hours === undefined) throw new Error(`${shown(value)} is no time of the form hh:mm:ss.sss`)
    const whole = BigInt((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000_000_000n
    const units = fromNanos(whole + BigInt(fraction.padEnd(9, '0')), type, value)
    return toInt ? asInt(units) : units
  },
})

function fractionOf({ name }: LogicalType): number {
  return name === 'time-millis' ? 3 : 6
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Of a string or of a fixed of 16 bytes. */
const uuid: LogicalConverter<string, string | Uint8Array> = {
  shape: 'string',
  fromRaw: raw =>
    typeof raw === 'string'
      ? raw
      : Buffer.from(raw)
          .toString('hex')
          .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
  toRaw(value, { size }) {
    if (!UUID.test(value)) throw new Error(`${shown(value)} is no UUID`)
    return size === undefined ? value : Buffer.from(value.replaceAll('-', ''), 'hex')
  },
}

/**
 * Logical types as text: decimals as `'12.30'`, dates as `'2026-11-30'`, times of day as `'08:15:00.000'`, UUIDs with hyphens. Nothing is
 * rounded: a text with more digits than the schema has is refused.
 */
export const asText = {
  ...decimalsAsText,
  date,
  'time-millis': time(true),
  'time-micros': time(false),
  uuid,
} as const

function shown(value: unknown): string {
  return typeof value === 'object' ? 'an object' : JSON.stringify(value).slice(0, 60)
}
