import {
  boolean,
  bytes,
  double,
  float,
  int,
  list,
  long,
  safeLong,
  type Serde,
  sessionWindowed,
  short,
  string,
  timeWindowed,
  uuid,
  voidSerde,
  type Windowed,
} from '@millrace/core'
import type { Choice } from '../choice.ts'
import {
  doubleBits,
  drawBase64,
  drawBytes,
  drawDouble,
  drawFloat,
  drawInteger,
  drawList,
  drawLong,
  drawWellFormed,
  drawTime,
  drawUuid,
  floatBits,
  orNull,
} from './draw-datum.ts'
import { type Datum, type Format, type Formats, format } from './format.ts'

/** How the values of a serde are drawn, and shown as JSON. */
interface Kind<T, D extends Datum> {
  readonly serde: Serde<T>
  readonly draw: (choice: Choice) => D
  readonly of: (datum: D) => T
  readonly show: (value: T) => D
}

const TEXT: Kind<string, string> = plain(string(), drawWellFormed)
const INT: Kind<number, number> = plain(int(), choice => drawInteger(choice, 32))
const LONG: Kind<bigint, string> = { serde: long(), draw: drawLong, of: BigInt, show: String }
const UUID: Kind<string, string> = plain(uuid(), drawUuid)
const DOUBLE: Kind<number, string> = {
  serde: double(),
  draw: drawDouble,
  of: bits => Buffer.from(bits, 'hex').readDoubleBE(),
  show: doubleBits,
}
const FLOAT: Kind<number, string> = {
  serde: float(),
  draw: drawFloat,
  of: bits => Buffer.from(bits, 'hex').readFloatBE(),
  show: floatBits,
}
const BYTES: Kind<Uint8Array, string> = {
  serde: bytes(),
  draw: drawBase64,
  of: base64 => Buffer.from(base64, 'base64'),
  show: array => Buffer.from(array).toString('base64'),
}
const WINDOW_MS = 500

/** Every serde that Kafka has, with bytes that it refuses for those of a fixed shape. */
export const SERDE_FORMATS: Formats = {
  string: refusing(TEXT),
  int: refusing(INT),
  long: refusing(LONG),
  safeLong: serdeFormat({
    serde: safeLong(),
    draw: choice => String(Number(BigInt(drawLong(choice)) >> 11n)),
    of: Number,
    show: String,
  }),
  short: refusing(plain(short(), choice => drawInteger(choice, 16))),
  double: refusing(DOUBLE),
  float: refusing(FLOAT),
  boolean: refusing(plain(boolean(), choice => choice.chance(50))),
  bytes: refusing(BYTES),
  uuid: refusing(UUID),
  void: format({
    draw: () => '',
    encode: () => Buffer.alloc(0),
    malformed: drawBytes,
    decode: read => String(voidSerde().deserialize(read, 'topic')),
  }),
  'list of string': serdeFormat(listOf(TEXT)),
  'list of int': serdeFormat(listOf(INT)),
  'list of long': serdeFormat(listOf(LONG)),
  'list of double': serdeFormat(listOf(DOUBLE)),
  'list of uuid': serdeFormat(listOf(UUID)),
  'list of bytes': serdeFormat(listOf(BYTES)),
  'time window of string': serdeFormat(windowed(timeWindowed(string(), { sizeMs: WINDOW_MS }), TEXT, WINDOW_MS)),
  'time window of long': serdeFormat(windowed(timeWindowed(long(), { sizeMs: WINDOW_MS }), LONG, WINDOW_MS)),
  'session of string': serdeFormat(windowed(sessionWindowed(string()), TEXT)),
  'session of uuid': serdeFormat(windowed(sessionWindowed(uuid()), UUID)),
}

function plain<D extends Datum & (string | number | boolean)>(
  serde: Serde<D>,
  draw: (choice: Choice) => D,
): Kind<D, D> {
  return { serde, draw, of: datum => datum, show: value => value }
}

function listOf<T, D extends Datum>({ serde, draw, of, show }: Kind<T, D>): Kind<(T | null)[], readonly (D | null)[]> {
  return {
    serde: list(serde, { nullable: true }),
    // Kafka's deserializer refuses a list whose last element has no bytes, though its serializer writes it.
    draw: choice => withoutEmptyEnd(drawList(choice, () => orNull(choice, 20, draw))),
    of: data => data.map(datum => (datum === null ? null : of(datum))),
    show: values => values.map(value => (value === null ? null : show(value))),
  }
}

function withoutEmptyEnd<D>(data: readonly D[]): readonly D[] {
  return data.slice(0, data.findLastIndex(datum => datum !== '') + 1)
}

/** Without a size, of sessions. */
function windowed<T, D extends Datum>(
  serde: Serde<Windowed<T>>,
  key: Kind<T, D>,
  sizeMs?: number,
): Kind<Windowed<T>, { readonly key: D; readonly start: number; readonly end: number }> {
  return {
    serde,
    draw(choice) {
      // The end of a window must be a number that is told from its neighbours.
      const start = Math.min(drawTime(choice), 2 ** 50)
      const end = start + (sizeMs ?? Math.min(drawTime(choice), 2 ** 50))
      return { key: key.draw(choice), start, end }
    },
    of: ({ key: inner, start, end }) => ({ key: key.of(inner), window: { start, end } }),
    show: ({ key: inner, window }) => ({ key: key.show(inner), start: window.start, end: window.end }),
  }
}

function serdeFormat<T, D extends Datum>({ serde, draw, of, show }: Kind<T, D>): Format {
  return format({
    draw,
    encode: (datum: D) => serde.serialize(of(datum), 'topic'),
    decode: read => show(serde.deserialize(read, 'topic')),
  })
}

function refusing<T, D extends Datum>(kind: Kind<T, D>): Format {
  return { ...serdeFormat(kind), malformed: choice => withoutEncodedSurrogates(drawBytes(choice, 12)) }
}

/** Java reads one as one U+FFFD, the encoding standard and we as three. */
function withoutEncodedSurrogates(drawn: Buffer): Buffer {
  return drawn.map(byte => (byte === 0xed ? 0xec : byte)) as Buffer
}
