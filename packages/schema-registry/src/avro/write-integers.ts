import type { ByteSink } from '@millrace/core'

/*
 * Zigzag varints. Small numbers take the path of 32 bits.
 */

export function writeInt(sink: ByteSink, value: number): void {
  sink.reserve(5)
  let raw = ((value << 1) ^ (value >> 31)) >>> 0
  while (raw >= 0x80) {
    sink.buffer[sink.position++] = (raw & 0x7f) | 0x80
    raw >>>= 7
  }
  sink.buffer[sink.position++] = raw
}

/** @param value a safe integer */
export function writeLong(sink: ByteSink, value: number): void {
  if ((value | 0) === value) return writeInt(sink, value)
  // Twice the number must be exact.
  if (value > HALF || value < -HALF) return writeBigLong(sink, BigInt(value))
  sink.reserve(10)
  const raw = value < 0 ? -2 * value - 1 : 2 * value
  writeHalves(sink, raw >>> 0, Math.floor(raw / 2 ** 32))
}

const HALF = 2 ** 51

export function writeBigLong(sink: ByteSink, value: bigint): void {
  sink.reserve(10)
  const raw = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  writeHalves(sink, Number(raw & 0xffff_ffffn), Number(raw >> 32n))
}

function writeHalves(sink: ByteSink, low: number, high: number): void {
  while (high > 0 || low >= 0x80) {
    sink.buffer[sink.position++] = (low & 0x7f) | 0x80
    low = ((low >>> 7) | (high << 25)) >>> 0
    high >>>= 7
  }
  sink.buffer[sink.position++] = low
}
