import type { Choice } from '../choice.ts'

/** A value as JSON, for both languages: 64-bit numbers in decimal text, floating ones as their bits, bytes in base64. */
export type Datum = null | boolean | number | string | readonly Datum[] | { readonly [name: string]: Datum }

/**
 * A format that Millrace shares with Kafka. What is drawn is written on both sides, which must give the same bytes, and each
 * side reads them, which must give the same value. `Formats.java` has the same ones, by name.
 */
export interface Format {
  draw(choice: Choice): Datum
  encode(datum: Datum): Uint8Array
  /** Absent where the bytes are a result that nobody reads back, as a hash. */
  decode?(bytes: Buffer): Datum
  /** Bytes that it may refuse: both sides must, or read the same. */
  malformed?(choice: Choice): Buffer
}

export type Formats = Readonly<Record<string, Format>>

/** A format whose data are of one type. */
export function format<D extends Datum>(of: {
  readonly draw: (choice: Choice) => D
  readonly encode: (datum: D) => Uint8Array
  readonly decode?: (bytes: Buffer) => D
  readonly malformed?: (choice: Choice) => Buffer
}): Format {
  const { encode, ...others } = of
  return { ...others, encode: datum => encode(datum as D) }
}
