import type { LogicalType } from '../avro/logical-type.ts'
import type { LogicalConverter, ValueShape } from '../avro/value-form.ts'
import { bigDecimalOf, bytesOfBigDecimal } from './big-decimal.ts'
import {
  bytesOfUnscaled,
  parseDecimal,
  printDecimal,
  rescaled,
  type ScaledDecimal,
  unscaledOf,
} from './scaled-decimal.ts'

/** Of `decimal`, whose scale is in the schema, and of `big-decimal`, whose values have their own. */
function decimalConverters<Value>(
  shape: ValueShape,
  from: (decimal: ScaledDecimal) => Value,
  to: (value: Value) => ScaledDecimal,
): Readonly<Record<'decimal' | 'big-decimal', LogicalConverter<Value, Uint8Array>>> {
  return {
    decimal: {
      shape,
      fromRaw: (raw, type: LogicalType) => from({ unscaled: unscaledOf(raw), scale: type.scale ?? 0 }),
      toRaw: (value, type) => bytesOfUnscaled(rescaled(to(value), type), type),
    },
    'big-decimal': {
      shape,
      fromRaw: raw => from(bigDecimalOf(raw)),
      toRaw: value => bytesOfBigDecimal(to(value)),
    },
  }
}

/** Decimals as text with all digits of their scale, such as `'12.30'`. */
export const decimalsAsText = decimalConverters<string>('string', printDecimal, value => {
  if (typeof value !== 'string')
    throw new Error(
      `${typeof value === 'object' ? 'an object' : String(value)} is no text, which keeps all digits of a decimal`,
    )
  return parseDecimal(value)
})

/** Decimals as `{ unscaled: 1230n, scale: 2 }`. */
export const asScaled = decimalConverters<ScaledDecimal>(
  'object',
  decimal => decimal,
  value => {
    const { unscaled, scale } = (value ?? {}) as Partial<ScaledDecimal>
    if (typeof unscaled === 'bigint' && Number.isInteger(scale)) return value
    throw new Error('the value has no unscaled bigint and no scale')
  },
)

/**
 * Decimals as the numbers of a library, such as decimal.js, big.js or bignumber.js.
 *
 * @example
 * const order = avro(schema, { registry, logicalTypes: asDecimal(Decimal) })
 */
export function asDecimal<Value extends { toFixed(): string }>(Decimal: new (text: string) => Value) {
  return decimalConverters<Value>(
    'object',
    decimal => new Decimal(printDecimal(decimal)),
    value => {
      if (!(value instanceof Decimal)) throw new Error(`the value is no ${Decimal.name}`)
      return parseDecimal(value.toFixed())
    },
  )
}
