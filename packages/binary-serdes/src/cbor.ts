import { aText, checkArguments, millraceError, optional, optionsOf, reasonOf, type Serde } from '@millrace/core'
import { decode, encode, Token, Type } from 'cborg'
import { misfitOf } from './plain-value.ts'

export interface CborOptions {
  /** Shown in plans and errors as `cbor(name)`. @default `cbor` */
  readonly name?: string
}

const OPTIONS = optionsOf({ name: optional(aText) })

/** RFC 8949: a date as text. */
const DATE_TAG = 0
const MIN = -(2n ** 64n)
const MAX = 2n ** 64n - 1n

/** Small integers are read as numbers. */
const fitsBigint = (value: bigint): boolean => value >= MIN && value <= MAX && !Number.isSafeInteger(Number(value))

/**
 * CBOR (RFC 8949). Values are those of JSON, and bytes (read as `Uint8Array`), `Date` (tag 0), `undefined`, `NaN`, infinite numbers, and
 * `bigint` of 64 bits; -0 is read as 0. An integer is read as a number if it is a safe integer, else as a `bigint`: none is rounded. Members are written in
 * the order of RFC 8949's deterministic encoding, so that equal keys have equal bytes.
 *
 * What would come back as another value is refused: objects of classes, `Map`, `Set`, functions, a `bigint` that is a safe integer, a cycle.
 *
 * @throws MILLRACE_ARGUMENT_INVALID; MILLRACE_SERDE_ENCODE, MILLRACE_SERDE_DECODE
 * @example
 * builder.stream('orders', { key: string(), value: cbor<Order>() })
 */
export function cbor<T = unknown>(options: CborOptions = {}): Serde<T> {
  checkArguments('cbor', [['options', OPTIONS]], [options])
  const serde = options.name === undefined ? 'cbor' : `cbor(${options.name})`
  const types = { date: true, undefined: true, protoName: true, fitsBigint }
  return {
    name: serde,
    serialize(value) {
      let reason: string | undefined
      let cause: unknown
      try {
        reason = misfitOf(value, types)
        if (reason === undefined) return encode(value, ENCODING)
      } catch (error) {
        cause = error
        reason = reasonOf(error)
      }
      throw millraceError('MILLRACE_SERDE_ENCODE', { serde, reason }, { cause })
    },
    deserialize(bytes) {
      try {
        return decode(bytes, DECODING) as T
      } catch (cause) {
        throw millraceError('MILLRACE_SERDE_DECODE', { serde, reason: reasonOf(cause) }, { cause })
      }
    },
  }
}

const ENCODING = {
  typeEncoders: {
    Date: (date: Date) => [new Token(Type.tag, DATE_TAG), new Token(Type.string, date.toISOString())],
  },
} as never

const DECODING = { tags: { [DATE_TAG]: dateOf }, rejectDuplicateMapKeys: true } as never

function dateOf(value: unknown): Date {
  const content = typeof value === 'function' ? (value as () => unknown)() : value
  const date = new Date(typeof content === 'string' ? content : Number.NaN)
  if (Number.isNaN(date.getTime())) throw new Error(`${JSON.stringify(content)} is no date`)
  return date
}
