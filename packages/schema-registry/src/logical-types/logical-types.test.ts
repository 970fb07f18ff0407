import { ByteSink } from '@millrace/core'
import { Decimal } from 'decimal.js'
import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { describe, expect, it } from 'vitest'
import { AvroCursor } from '../avro/avro-cursor.ts'
import { compileReader } from '../avro/compile-reader.ts'
import { compileWriter } from '../avro/compile-writer.ts'
import { parseSchemaText } from '../avro/parse-schema.ts'
import type { LogicalConverters } from '../avro/value-form.ts'
import { asBigint } from './as-bigint.ts'
import { asDate } from './as-date.ts'
import { asParts } from './as-parts.ts'
import { asTemporal } from './as-temporal.ts'
import { asText } from './as-text.ts'
import { asDecimal, asScaled } from './decimals.ts'

const temporal = asTemporal(Temporal)
const decimal = asDecimal(Decimal)

const parse = (schema: unknown) => parseSchemaText(JSON.stringify(schema)).type
const long = (logicalType: string) => ({ type: 'long', logicalType })
const int = (logicalType: string) => ({ type: 'int', logicalType })
const money = { type: 'bytes', logicalType: 'decimal', precision: 6, scale: 2 }
const fixedMoney = { type: 'fixed', name: 'Money', size: 4, logicalType: 'decimal', precision: 9, scale: 2 }
const big = { type: 'bytes', logicalType: 'big-decimal' }
const uuidBytes = { type: 'fixed', name: 'Id', size: 16, logicalType: 'uuid' }
const span = { type: 'fixed', name: 'Span', size: 12, logicalType: 'duration' }

function write(schema: unknown, value: unknown, logicalTypes: LogicalConverters = {}): Buffer {
  const sink = new ByteSink()
  compileWriter(parse(schema), { longs: 'number', logicalTypes })(sink, value)
  return Buffer.from(sink.buffer.subarray(0, sink.position))
}

function read(schema: unknown, bytes: Buffer, logicalTypes: LogicalConverters = {}, writer = schema): unknown {
  const cursor = new AvroCursor()
  cursor.start(bytes, 0, bytes.length)
  return compileReader(parse(writer), parse(schema), { longs: 'number', logicalTypes })(cursor)
}

const NANOS = 1_764_489_600_123_456_789n
const instant = Temporal.Instant.fromEpochNanoseconds

describe('a raw value and its converted value', () => {
  it.each<[string, unknown, LogicalConverters, unknown, unknown]>([
    ['millis as Date', long('timestamp-millis'), asDate, 5, new Date(5)],
    ['millis before the epoch as Date', long('timestamp-millis'), asDate, -1, new Date(-1)],
    ['micros as Date', long('timestamp-micros'), asDate, 5_000, new Date(5)],
    ['nanos as Date', long('timestamp-nanos'), asDate, 1_764_489_600_123_000_000n, new Date(1_764_489_600_123)],
    ['local millis as Date', long('local-timestamp-millis'), asDate, 5, new Date(5)],
    ['local micros as Date', long('local-timestamp-micros'), asDate, 5_000, new Date(5)],
    ['local nanos as Date', long('local-timestamp-nanos'), asDate, 5_000_000, new Date(5)],
    ['a day as Date', int('date'), asDate, 20_422, new Date('2025-11-30T00:00:00Z')],
    ['millis as bigint', long('timestamp-millis'), asBigint, 5, 5n],
    ['nanos as bigint', long('timestamp-nanos'), asBigint, NANOS, NANOS],
    ['local nanos as bigint', long('local-timestamp-nanos'), asBigint, NANOS, NANOS],
    ['time-micros as bigint', long('time-micros'), asBigint, 7, 7n],
    ['nanos as Instant', long('timestamp-nanos'), temporal, NANOS, instant(NANOS)],
    ['micros as Instant', long('timestamp-micros'), temporal, -1, instant(-1_000n)],
    ['millis as Instant', long('timestamp-millis'), temporal, 5, instant(5_000_000n)],
    [
      'local nanos as PlainDateTime',
      long('local-timestamp-nanos'),
      temporal,
      NANOS,
      Temporal.PlainDateTime.from('2025-11-30T08:00:00.123456789'),
    ],
    ['a day as PlainDate', int('date'), temporal, -1, Temporal.PlainDate.from('1969-12-31')],
    ['time-millis as PlainTime', int('time-millis'), temporal, 3_723_004, Temporal.PlainTime.from('01:02:03.004')],
    [
      'time-micros as PlainTime',
      long('time-micros'),
      temporal,
      86_399_999_999,
      Temporal.PlainTime.from('23:59:59.999999'),
    ],
    [
      'a duration as Duration',
      span,
      temporal,
      Buffer.from('0100000002000000e8030000', 'hex'),
      Temporal.Duration.from({ months: 1, days: 2, milliseconds: 1000 }),
    ],
    [
      'a duration in parts',
      span,
      asParts,
      Buffer.from('01000000ffffffff00000000', 'hex'),
      { months: 1, days: 4_294_967_295, milliseconds: 0 },
    ],
    ['a decimal as text', money, asText, Buffer.from('04ce', 'hex'), '12.30'],
    ['a negative decimal as text', money, asText, Buffer.from('ff', 'hex'), '-0.01'],
    ['a decimal of a sign byte', money, asText, Buffer.from('0080', 'hex'), '1.28'],
    ['a fixed decimal as text', fixedMoney, asText, Buffer.from('fffffb32', 'hex'), '-12.30'],
    ['a decimal scaled', money, asScaled, Buffer.from('04ce', 'hex'), { unscaled: 1230n, scale: 2 }],
    ['a decimal of a library', money, decimal, Buffer.from('04ce', 'hex'), new Decimal('12.3')],
    // The bytes are those of Java's BigDecimalConversion.
    ['a big decimal as text', big, asText, Buffer.from('0404ce04', 'hex'), '12.30'],
    ['a negative big decimal as text', big, asText, Buffer.from('02ff04', 'hex'), '-0.01'],
    ['a big decimal that is 0', big, asText, Buffer.from('020000', 'hex'), '0'],
    ['a big decimal with zeros', big, asText, Buffer.from('020004', 'hex'), '0.00'],
    [
      'a big decimal of many digits',
      big,
      asText,
      Buffer.from('205ce0e9a56015fec5aadfa328ae39811512', 'hex'),
      '123456789012345678901234567890.123456789',
    ],
    ['a big decimal scaled', big, asScaled, Buffer.from('0404ce04', 'hex'), { unscaled: 1230n, scale: 2 }],
    ['a negative scale', big, asScaled, Buffer.from('020105', 'hex'), { unscaled: 1n, scale: -3 }],
    ['a scale of two bytes', big, asScaled, Buffer.from('0201a006', 'hex'), { unscaled: 1n, scale: 400 }],
    ['a big decimal of a library', big, decimal, Buffer.from('02ff04', 'hex'), new Decimal('-0.01')],
    ['a day as text', int('date'), asText, 20_422, '2025-11-30'],
    ['a day of a far year as text', int('date'), asText, -800_000, '-000221-09-04'],
    ['time-millis as text', int('time-millis'), asText, 3_723_004, '01:02:03.004'],
    ['time-micros as text', long('time-micros'), asText, 1, '00:00:00.000001'],
    [
      'a UUID of a string',
      { type: 'string', logicalType: 'uuid' },
      asText,
      '6f1c2a3b-0000-4000-8000-00000000abcd',
      '6f1c2a3b-0000-4000-8000-00000000abcd',
    ],
    [
      'a UUID of a fixed',
      uuidBytes,
      asText,
      Buffer.from('6f1c2a3b00004000800000000000abcd', 'hex'),
      '6f1c2a3b-0000-4000-8000-00000000abcd',
    ],
  ])('%s', (_what, schema, converters, raw, value) => {
    const bytes = write(schema, raw)
    expect(write(schema, value, converters)).toEqual(bytes)
    const found = read(schema, bytes, converters)
    // Equality of Temporal's objects is that of their text.
    expect(String(found)).toBe(String(value))
    expect(found).toEqual(value)
  })
})

describe('what would be rounded, or has no form, is refused', () => {
  it.each<[string, unknown, LogicalConverters, unknown, string]>([
    ['more digits than the scale', money, asText, '1.005', 'has more than 2 digits after the point'],
    ['more digits than the precision', money, asText, '12345.67', 'more than the 6 digits'],
    ['a number for a decimal', money, asText, 12.3, '12.3 is no text'],
    ['text that is no number', money, asText, '12,30', '"12,30" is no decimal number'],
    ['no text at all', money, asText, '', 'is no decimal number'],
    ['a scaled decimal of a finer scale', money, asScaled, { unscaled: 1n, scale: 3 }, '0.001 has more than 2 digits'],
    [
      'a decimal of the library that is too exact',
      money,
      decimal,
      new Decimal('0.001'),
      '0.001 has more than 2 digits',
    ],
    ['an infinite decimal of the library', money, decimal, new Decimal(Infinity), '"Infinity" is no decimal number'],
    ['a number for a big decimal', big, asText, 12.3, '12.3 is no text'],
    ['a scale of more than 32 bits', big, asScaled, { unscaled: 1n, scale: 2 ** 31 }, 'not an integer of 32 bits'],
    ['a scale that is no integer', big, asScaled, { unscaled: 1n, scale: 0.5 }, 'no scale'],
    ['an invalid Date', long('timestamp-millis'), asDate, new Date(Number.NaN), 'the Date is invalid'],
    ['a number for a Date', long('timestamp-millis'), asDate, 5, '5 is no Date'],
    ['a Date with a time for a day', int('date'), asDate, new Date(1), 'is more exact than date'],
    ['nanoseconds for millis', long('timestamp-millis'), temporal, instant(1n), 'is more exact than timestamp-millis'],
    [
      'microseconds for time-millis',
      int('time-millis'),
      temporal,
      Temporal.PlainTime.from('00:00:00.000001'),
      'more exact than time-millis',
    ],
    ['hours in a duration', span, temporal, Temporal.Duration.from({ hours: 1 }), 'has hours'],
    ['a negative duration', span, asParts, { months: -1, days: 0, milliseconds: 0 }, '-1 months'],
    ['a fraction of a day', span, asParts, { months: 0, days: 0.5, milliseconds: 0 }, '0.5 days'],
    [
      'a PlainDate for an Instant',
      long('timestamp-millis'),
      temporal,
      Temporal.PlainDate.from('2025-11-30'),
      'is no Temporal.Instant',
    ],
    ['30 February', int('date'), asText, '2025-02-30', 'is no date'],
    ['a time of 24 hours', int('time-millis'), asText, '24:00:00', 'is no time'],
    [
      'microseconds as text for time-millis',
      int('time-millis'),
      asText,
      '00:00:00.0001',
      'more exact than time-millis',
    ],
    ['text that is no UUID', uuidBytes, asText, 'abc', '"abc" is no UUID'],
    ['a bigint that is a number', long('timestamp-nanos'), asBigint, 5, '5 is no bigint'],
    ['a bigint of more than 64 bits', long('timestamp-nanos'), asBigint, 2n ** 63n, 'is not a long'],
  ])('%s', (_what, schema, converters, value, reason) => {
    expect(() => write(schema, value, converters)).toThrow(reason)
  })

  it.each<[string, unknown, LogicalConverters, unknown, string]>([
    [
      'microseconds as Date',
      long('timestamp-micros'),
      asDate,
      1_764_489_600_123_456,
      'no whole number of milliseconds',
    ],
    ['a time outside of Date', long('timestamp-millis'), asDate, 8_640_000_000_000_001, 'that no Date can hold'],
    ['a time of day of 25 hours', int('time-millis'), asText, 90_000_000, 'is no time of a day'],
    ['a negative time of day', int('time-millis'), temporal, -1, 'is no time of a day'],
    ['a big decimal without bytes', big, asText, Buffer.alloc(0), 'the bytes end within the value'],
    ['a big decimal without a number', big, asText, Buffer.from('0004', 'hex'), 'a decimal has no bytes'],
    ['a big decimal without a scale', big, asText, Buffer.from('0404ce', 'hex'), 'the bytes end within the value'],
    ['a big decimal with a byte more', big, asText, Buffer.from('0404ce0400', 'hex'), '1 bytes after its scale'],
    ['a big decimal longer than any text', big, asText, Buffer.from('020180808008', 'hex'), 'is too long as text'],
    ['a big decimal shorter than any text', big, asText, Buffer.from('0201ffffff07', 'hex'), 'is too long as text'],
    ['a decimal without bytes', money, asText, Buffer.alloc(0), 'a decimal has no bytes'],
  ])('when read: %s', (_what, schema, converters, raw, reason) => {
    expect(() => read(schema, write(schema, raw), converters)).toThrow(reason)
  })
})

describe('evolution', () => {
  it('a timestamp is converted by the unit that it was written in', () => {
    const bytes = write(long('timestamp-millis'), 5)
    expect(read(long('timestamp-micros'), bytes, asDate, long('timestamp-millis'))).toEqual(new Date(5))
    expect(read(long('timestamp-micros'), bytes, asBigint, long('timestamp-micros'))).toBe(5n)
  })

  it('a unit that the values do not show is refused', () => {
    const bytes = write(long('timestamp-millis'), 5)
    const reason = 'it was written as timestamp-millis and cannot be read as timestamp-micros'
    expect(() => read(long('timestamp-micros'), bytes, asBigint, long('timestamp-millis'))).toThrow(reason)
  })

  it('a decimal has the scale that it was written with', () => {
    const finer = { ...money, scale: 4 }
    expect(read(money, write(finer, '1.2345', asText), asText, finer)).toBe('1.2345')
  })

  it('a big decimal has the scale of its value, and is never taken for a decimal', () => {
    expect(read(big, write(big, '1.2345', asText), asText)).toBe('1.2345')
    const reason = 'it was written as decimal and cannot be read as big-decimal'
    expect(() => read(big, write(money, '12.30', asText), asText, money)).toThrow(reason)
  })

  it('defaults are converted', () => {
    const reader = {
      type: 'record',
      name: 'R',
      fields: [
        { name: 'at', type: long('timestamp-nanos'), default: 1_764_489_600_123_000_000 },
        { name: 'price', type: money, default: '\u0004\u00ce' },
      ],
    }
    const writer = { type: 'record', name: 'R', fields: [] }
    expect(read(reader, Buffer.alloc(0), { ...asDate, ...asText }, writer)).toEqual({
      at: new Date(1_764_489_600_123),
      price: '12.30',
    })
  })

  it('a union tells branches apart by their converted values', () => {
    const union = ['null', long('timestamp-millis'), 'string']
    expect(read(union, write(union, new Date(5), asDate), asDate)).toEqual(new Date(5))
    expect(read(union, write(union, 'x', asDate), asDate)).toBe('x')
    const texts = ['string', money]
    expect(read(texts, write(texts, { bytes: '1.00' }, asText), asText)).toEqual({ bytes: '1.00' })
  })
})

it('every decimal comes back', () => {
  const wide = { type: 'bytes', logicalType: 'decimal', precision: 40, scale: 7 }
  const largest = 10n ** 40n - 1n
  fc.assert(
    fc.property(fc.bigInt({ min: -largest, max: largest }), unscaled => {
      const bytes = write(wide, { unscaled, scale: 7 }, asScaled)
      expect(read(wide, bytes, asScaled)).toEqual({ unscaled, scale: 7 })
      expect(write(wide, read(wide, bytes, asText), asText)).toEqual(bytes)
      expect(write(wide, read(wide, bytes, decimal), decimal)).toEqual(bytes)
    }),
  )
})

it('every big decimal comes back', () => {
  const digits = 10n ** 60n
  fc.assert(
    fc.property(fc.bigInt({ min: -digits, max: digits }), fc.integer({ min: -300, max: 300 }), (unscaled, scale) => {
      const bytes = write(big, { unscaled, scale }, asScaled)
      expect(read(big, bytes, asScaled)).toEqual({ unscaled, scale })
      // As text, zeros before the point are digits like others.
      const text = read(big, bytes, asText)
      expect(read(big, write(big, text, asText), asText)).toBe(text)
      if (scale >= 0) expect(write(big, text, asText)).toEqual(bytes)
    }),
  )
})
