import type { LogicalType } from '../avro/logical-type.ts'

/** A decimal number without rounding: `unscaled` divided by 10 to the power of `scale`. */
export interface ScaledDecimal {
  readonly unscaled: bigint
  /** Digits after the point. A `big-decimal` may have a negative one: zeros before the point. */
  readonly scale: number
}

const TEXT = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/

/** @throws when the text is no decimal number */
export function parseDecimal(text: string): ScaledDecimal {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = TEXT.exec(text) ?? []
  if (whole + fraction === '') throw new Error(`${JSON.stringify(text)} is no decimal number`)
  const digits = BigInt(`${sign === '-' ? '-' : ''}${whole}${fraction}`)
  const scale = fraction.length - Number(exponent)
  return scale >= 0 ? { unscaled: digits, scale } : { unscaled: digits * 10n ** BigInt(-scale), scale: 0 }
}

/** A `big-decimal` of a few bytes can have a scale that makes it longer than any text. */
const MOST_DIGITS = 100_000

/** With all digits of the scale, as `12.30`. @throws when it would be longer than anybody can use */
export function printDecimal({ unscaled, scale }: ScaledDecimal): string {
  if (Math.abs(scale) > MOST_DIGITS) throw new Error(`a decimal with the scale ${scale} is too long as text`)
  if (scale < 0) return String(unscaled * 10n ** BigInt(-scale))
  const sign = unscaled < 0n ? '-' : ''
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  if (scale === 0) return sign + digits
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** The number in the scale of the schema. @throws when digits would be lost, or there are more than the precision allows */
export function rescaled(value: ScaledDecimal, { scale = 0, precision = 0 }: LogicalType): bigint {
  let { unscaled } = value
  if (value.scale < scale) unscaled *= 10n ** BigInt(scale - value.scale)
  if (value.scale > scale) {
    const factor = 10n ** BigInt(value.scale - scale)
    if (unscaled % factor !== 0n)
      throw new Error(`${printDecimal(value)} has more than ${scale} digits after the point: round it first`)
    unscaled /= factor
  }
  const digits = String(unscaled < 0n ? -unscaled : unscaled).length
  if (digits > precision)
    throw new Error(
      `${printDecimal(value)} has more than the ${precision} digits of the decimal, ${scale} of them after the point`,
    )
  return unscaled
}

/** A number in two's complement, big-endian. */
export function unscaledOf(raw: Uint8Array): bigint {
  if (raw.length === 0) throw new Error('a decimal has no bytes')
  return BigInt.asIntN(raw.length * 8, BigInt(`0x${Buffer.from(raw).toString('hex')}`))
}

/** As few bytes as possible, as Java writes it; or as many as the fixed has. */
export function bytesOfUnscaled(unscaled: bigint, { size }: LogicalType): Buffer {
  let length = size ?? 1
  if (size === undefined) while (BigInt.asIntN(length * 8, unscaled) !== unscaled) length++
  return Buffer.from(
    BigInt.asUintN(length * 8, unscaled)
      .toString(16)
      .padStart(length * 2, '0'),
    'hex',
  )
}
