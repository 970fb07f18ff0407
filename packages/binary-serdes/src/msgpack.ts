import { aText, checkArguments, millraceError, oneOf, optional, optionsOf, reasonOf, type Serde } from '@millrace/core'
import { Decoder, Encoder } from '@msgpack/msgpack'
import { misfitOf } from './plain-value.ts'

export interface MsgpackOptions {
  /** Shown in plans and errors as `msgpack(name)`. @default `msgpack` */
  readonly name?: string
  /** `sorted` writes members in the order of their names, so that equal keys have equal bytes. @default 'as-given' */
  readonly propertyOrder?: 'sorted' | 'as-given'
}

const OPTIONS = optionsOf({ name: optional(aText), propertyOrder: optional(oneOf('sorted', 'as-given')) })
const LONG = { min: -(2n ** 63n), max: 2n ** 64n - 1n }

/**
 * MessagePack. Values are those of JSON, and bytes (read as `Uint8Array`), `Date`, `NaN`, infinite numbers, and `bigint` of 64 bits. Integers
 * that were written with 64 bits are read as `bigint`, so that none is rounded. Members that are `undefined` are left out, and
 * -0 is read as 0.
 *
 * What would come back as another value is refused: objects of classes, `Map`, `Set`, functions, `undefined` in an array, a cycle.
 *
 * @throws MILLRACE_ARGUMENT_INVALID; MILLRACE_SERDE_ENCODE, MILLRACE_SERDE_DECODE
 * @example
 * builder.stream('orders', { key: string(), value: msgpack<Order>() })
 */
export function msgpack<T = unknown>(options: MsgpackOptions = {}): Serde<T> {
  checkArguments('msgpack', [['options', OPTIONS]], [options])
  const serde = options.name === undefined ? 'msgpack' : `msgpack(${options.name})`
  const encoder = new Encoder({
    useBigInt64: true,
    ignoreUndefined: true,
    sortKeys: options.propertyOrder === 'sorted',
    maxDepth: 1000,
  })
  const decoder = new Decoder({ useBigInt64: true })
  const types = {
    date: true,
    undefined: false,
    protoName: false,
    fitsBigint: (value: bigint) => value >= LONG.min && value <= LONG.max,
  }
  return {
    name: serde,
    serialize(value) {
      let reason: string | undefined
      let cause: unknown
      try {
        reason = misfitOf(value, types)
        // The library's buffer is used again.
        if (reason === undefined) return Buffer.from(encoder.encode(value))
      } catch (error) {
        cause = error
        reason = reasonOf(error)
      }
      throw millraceError('MILLRACE_SERDE_ENCODE', { serde, reason }, { cause })
    },
    deserialize(bytes) {
      try {
        // A copy: bytes in the value would be views of the whole batch.
        return decoder.decode(new Uint8Array(bytes)) as T
      } catch (cause) {
        throw millraceError('MILLRACE_SERDE_DECODE', { serde, reason: reasonOf(cause) }, { cause })
      }
    },
  }
}
