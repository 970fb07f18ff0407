import type { Choice } from '../choice.ts'

/** Random values with the edges of their types among them. */

const TEXTS = ['', 'a', 'é', '日本', '😀', '\u0000', '\ud800', 'a\udc00b', '\ufeffa', '\uffff']

function drawText(choice: Choice): string {
  if (choice.chance(30)) return choice.of(TEXTS)
  const length = choice.chance(10) ? 200 + choice.below(200) : choice.below(12)
  // Mostly letters; any UTF-16 unit now and then, so that pairs and halves of them come, too.
  return Array.from({ length }, () =>
    String.fromCharCode(choice.chance(80) ? 32 + choice.below(95) : choice.below(0x10000)),
  ).join('')
}

/** What can be written as UTF-8 without loss. */
export function drawWellFormed(choice: Choice): string {
  return drawText(choice).toWellFormed()
}

export function drawBytes(choice: Choice, most = 40): Buffer {
  const length = choice.chance(10) ? 0 : choice.below(most + 1)
  return Buffer.from(
    Array.from({ length }, () => (choice.chance(20) ? choice.of([0, 0x7f, 0x80, 0xff]) : choice.below(256))),
  )
}

export function drawBase64(choice: Choice): string {
  return drawBytes(choice).toString('base64')
}

/** Of this many bits, two's complement. */
export function drawInteger(choice: Choice, bits: 16 | 32): number {
  const end = 2 ** (bits - 1)
  if (choice.chance(30)) return choice.of([0, 1, -1, end - 1, -end, 127, -128, 128, 255, 256])
  const size = 2 ** choice.below(bits)
  return Math.max(-end, choice.below(2 * size) - size)
}

/** In decimal. */
export function drawLong(choice: Choice): string {
  if (choice.chance(30)) return choice.of(['0', '-1', '9223372036854775807', '-9223372036854775808', '4294967296'])
  const bits = (BigInt(choice.below(2 ** 32)) << 32n) | BigInt(choice.below(2 ** 32))
  return String(BigInt.asIntN(64, bits >> BigInt(choice.below(64))))
}

/** Milliseconds, as times are: not negative. */
export function drawTime(choice: Choice): number {
  if (choice.chance(20)) return choice.of([0, 1, 2 ** 31, 2 ** 32 - 1, Number.MAX_SAFE_INTEGER])
  return choice.below(2 ** (1 + choice.below(48)))
}

const DOUBLES = [
  '0000000000000000',
  '8000000000000000',
  '7ff0000000000000',
  'fff0000000000000',
  '7ff8000000000000',
  '0000000000000001',
  '7fefffffffffffff',
]
const FLOATS = ['00000000', '80000000', '7f800000', 'ff800000', '7fc00000', '00000001', '7f7fffff']

/** Its bits in hexadecimal; of what is not a number, the one that Java and JavaScript write. */
export function drawDouble(choice: Choice): string {
  if (choice.chance(30)) return choice.of(DOUBLES)
  const bits = Buffer.from(Array.from({ length: 8 }, () => choice.below(256)))
  return doubleBits(bits.readDoubleBE())
}

export function drawFloat(choice: Choice): string {
  if (choice.chance(30)) return choice.of(FLOATS)
  const bits = Buffer.from(Array.from({ length: 4 }, () => choice.below(256)))
  return floatBits(bits.readFloatBE())
}

export function doubleBits(value: number): string {
  if (Number.isNaN(value)) return '7ff8000000000000'
  const bits = Buffer.alloc(8)
  bits.writeDoubleBE(value)
  return bits.toString('hex')
}

export function floatBits(value: number): string {
  if (Number.isNaN(value)) return '7fc00000'
  const bits = Buffer.alloc(4)
  bits.writeFloatBE(value)
  return bits.toString('hex')
}

export function drawUuid(choice: Choice): string {
  const hex = Buffer.from(Array.from({ length: 16 }, () => choice.below(256))).toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** Null in this many of a hundred draws. */
export function orNull<T>(choice: Choice, percent: number, draw: (choice: Choice) => T): T | null {
  return choice.chance(percent) ? null : draw(choice)
}

export function drawList<T>(choice: Choice, draw: (choice: Choice) => T): readonly T[] {
  return Array.from({ length: choice.below(6) }, () => draw(choice))
}
