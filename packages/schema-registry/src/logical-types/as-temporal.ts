import type { LogicalConverter } from '../avro/value-form.ts'
import { type AvroDuration, bytesOfDuration, durationOf } from './avro-duration.ts'
import { asInt, fromNanos, NANOS_PER_DAY, toNanos } from './units.ts'

interface Zoned<DateTime, Day> {
  toPlainDateTime(): DateTime
  toPlainDate(): Day
}

interface InUtc {
  toZonedDateTime(zone: 'UTC'): { readonly epochNanoseconds: bigint }
}

interface InstantOf<DateTime, Day> {
  readonly epochNanoseconds: bigint
  toZonedDateTimeISO(zone: 'UTC'): Zoned<DateTime, Day>
}

interface TimeOfDay {
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly millisecond: number
  readonly microsecond: number
  readonly nanosecond: number
}

/** The part of `Temporal` that the converters use. Node's own and the polyfills have it. */
export interface TemporalNamespace<
  Instant extends InstantOf<DateTime, Day>,
  DateTime extends InUtc,
  Day extends InUtc,
  Time extends TimeOfDay,
  Duration extends AvroDuration,
> {
  readonly Instant: { fromEpochNanoseconds(nanoseconds: bigint): Instant }
  readonly PlainDateTime: new (...parts: never) => DateTime
  readonly PlainDate: new (...parts: never) => Day
  readonly PlainTime: { from(time: TimeOfDay): Time }
  readonly Duration: { from(parts: AvroDuration): Duration }
}

const SPAN_MEMBERS = [
  'years',
  'months',
  'weeks',
  'days',
  'hours',
  'minutes',
  'seconds',
  'milliseconds',
  'microseconds',
  'nanoseconds',
]

/**
 * Logical types as the values of `Temporal`: timestamps as `Instant`, local timestamps as `PlainDateTime`, dates as `PlainDate`, times of
 * day as `PlainTime`, durations as `Duration`. A value that is more exact than its logical type is refused, never rounded.
 *
 * @param temporal the global `Temporal`, or that of a polyfill
 * @example
 * const order = avro(schema, { registry, logicalTypes: asTemporal(Temporal) })
 */
export function asTemporal<
  Instant extends InstantOf<DateTime, Day>,
  DateTime extends InUtc,
  Day extends InUtc,
  Time extends TimeOfDay,
  Duration extends AvroDuration,
>(temporal: TemporalNamespace<Instant, DateTime, Day, Time, Duration>) {
  const zoned = (nanos: bigint) => temporal.Instant.fromEpochNanoseconds(nanos).toZonedDateTimeISO('UTC')
  const nanosOf = (value: InUtc): bigint => value.toZonedDateTime('UTC').epochNanoseconds

  const instant: LogicalConverter<Instant, number | bigint> = {
    shape: 'object',
    longs: 'bigint',
    fromRaw: (raw, type) => temporal.Instant.fromEpochNanoseconds(toNanos(raw, type)),
    toRaw(value, type) {
      if (typeof (value as Partial<Instant> | null)?.epochNanoseconds !== 'bigint') throw notTemporal('Instant')
      return fromNanos(value.epochNanoseconds, type, JSON.stringify(value))
    },
  }
  const dateTime: LogicalConverter<DateTime, number | bigint> = {
    shape: 'object',
    longs: 'bigint',
    fromRaw: (raw, type) => zoned(toNanos(raw, type)).toPlainDateTime(),
    toRaw(value, type) {
      if (!(value instanceof temporal.PlainDateTime)) throw notTemporal('PlainDateTime')
      return fromNanos(nanosOf(value), type, JSON.stringify(value))
    },
  }
  const date: LogicalConverter<Day, number> = {
    shape: 'object',
    fromRaw: raw => zoned(BigInt(raw) * NANOS_PER_DAY).toPlainDate(),
    toRaw(value, type) {
      if (!(value instanceof temporal.PlainDate)) throw notTemporal('PlainDate')
      return asInt(fromNanos(nanosOf(value), type, JSON.stringify(value)))
    },
  }
  const time = (toInt: boolean): LogicalConverter<Time, number | bigint> => ({
    shape: 'object',
    longs: 'bigint',
    fromRaw(raw, type) {
      const nanos = toNanos(raw, type)
      if (nanos < 0n || nanos >= NANOS_PER_DAY) throw new Error(`${raw} is no time of a day`)
      return temporal.PlainTime.from(partsOfDay(nanos))
    },
    toRaw(value, type) {
      if (typeof (value as Partial<Time> | null)?.nanosecond !== 'number') throw notTemporal('PlainTime')
      const units = fromNanos(nanosOfDay(value), type, JSON.stringify(value))
      return toInt ? asInt(units) : units
    },
  })
  const duration: LogicalConverter<Duration, Uint8Array> = {
    shape: 'object',
    fromRaw: raw => temporal.Duration.from(durationOf(raw)),
    toRaw(value) {
      const parts = value as unknown as Readonly<Record<string, number>> | null
      if (typeof parts?.['months'] !== 'number') throw notTemporal('Duration')
      const other = SPAN_MEMBERS.find(name => parts[name] !== 0 && !['months', 'days', 'milliseconds'].includes(name))
      if (other !== undefined)
        throw new Error(
          `${JSON.stringify(value)} has ${other}, and a duration of Avro consists of months, days and milliseconds`,
        )
      return bytesOfDuration(value)
    },
  }
  return {
    'timestamp-millis': instant,
    'timestamp-micros': instant,
    'timestamp-nanos': instant,
    'local-timestamp-millis': dateTime,
    'local-timestamp-micros': dateTime,
    'local-timestamp-nanos': dateTime,
    date,
    'time-millis': time(true),
    'time-micros': time(false),
    duration,
  } as const
}

function notTemporal(name: string): Error {
  return new Error(`the value is no Temporal.${name}`)
}

function partsOfDay(nanos: bigint): TimeOfDay {
  const part = (unit: bigint, of: bigint): number => Number((nanos / unit) % of)
  return {
    hour: part(3_600_000_000_000n, 24n),
    minute: part(60_000_000_000n, 60n),
    second: part(1_000_000_000n, 60n),
    millisecond: part(1_000_000n, 1000n),
    microsecond: part(1000n, 1000n),
    nanosecond: part(1n, 1000n),
  }
}

function nanosOfDay({ hour, minute, second, millisecond, microsecond, nanosecond }: TimeOfDay): bigint {
  const milliseconds = ((hour * 60 + minute) * 60 + second) * 1000 + millisecond
  return BigInt(milliseconds) * 1_000_000n + BigInt(microsecond * 1000 + nanosecond)
}
