import type { LogicalType } from '../avro/logical-type.ts'
import type { LogicalConverter, ValueShape } from '../avro/value-form.ts'
import {
  bytesOfUnscaled,
  parseDecimal,
  printDecimal,
  rescaled,
  type ScaledDecimal,
  unscaledOf,
} from './scaled-decimal.ts'

function decimalConverter<Value>(
  shape: ValueShape,
  from: (decimal: ScaledDecimal) => Value,
  to: (value: Value) => ScaledDecimal,
): LogicalConverter<Value, Uint8Array> {
  return {
    shape,
    fromRaw: (raw, type: LogicalType) => from({ unscaled: unscaledOf(raw), scale: type.scale ?? 0 }),
    toRaw: (value, type) => bytesOfUnscaled(rescaled(to(value), type), type),
  }
}

/** Decimals as text with all digits of their scale, such as `'12.30'`. */
export const decimalText = decimalConverter<string>('string', printDecimal, value => {
  if (typeof value !== 'string')
    throw new Error(
      `${typeof value === 'object' ? 'an object' : String(value)} is no text, which keeps all digits of a decimal`,
    )
  return parseDecimal(value)
})

/** Decimals as `{ unscaled: 1230n, scale: 2 }`. */
export const asScaled = {
  decimal: decimalConverter<ScaledDecimal>(
    'object',
    decimal => decimal,
    value => {
      const { unscaled, scale } = (value ?? {}) as Partial<ScaledDecimal>
      if (typeof unscaled === 'bigint' && Number.isInteger(scale) && scale! >= 0) return value
      throw new Error('the value has no unscaled bigint and no scale')
    },
  ),
} as const

/**
 * Decimals as the numbers of a library, such as decimal.js, big.js or bignumber.js.
 *
 * @example
 * const order = avro(schema, { registry, logicalTypes: asDecimal(Decimal) })
 */
export function asDecimal<Value extends { toFixed(): string }>(Decimal: new (text: string) => Value) {
  return {
    decimal: decimalConverter<Value>(
      'object',
      decimal => new Decimal(printDecimal(decimal)),
      value => {
        if (!(value instanceof Decimal)) throw new Error(`the value is no ${Decimal.name}`)
        return parseDecimal(value.toFixed())
      },
    ),
  } as const
}
