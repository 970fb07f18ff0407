import { ByteSink } from '@millrace/core'
import { AvroCursor } from '../avro/avro-cursor.ts'
import { writeInt } from '../avro/write-integers.ts'
import { bytesOfUnscaled, type ScaledDecimal, unscaledOf } from './scaled-decimal.ts'

/*
 * A decimal that has its scale with it, as Avro 1.12 writes it:
 *
 *     big-decimal := bytes scale       in Avro's own encoding of `bytes` and `int`
 *     bytes                            the unscaled number in two's complement, big-endian
 */

export function bigDecimalOf(raw: Uint8Array): ScaledDecimal {
  const cursor = new AvroCursor()
  cursor.start(Buffer.from(raw), 0, raw.length)
  const unscaled = unscaledOf(cursor.copy(cursor.length()))
  const scale = cursor.int()
  if (cursor.position < raw.length)
    throw new Error(`a big-decimal has ${raw.length - cursor.position} bytes after its scale`)
  return { unscaled, scale }
}

export function bytesOfBigDecimal({ unscaled, scale }: ScaledDecimal): Buffer {
  if ((scale | 0) !== scale) throw new Error(`the scale ${scale} is not an integer of 32 bits`)
  const bytes = bytesOfUnscaled(unscaled, { name: 'big-decimal' })
  const sink = new ByteSink()
  writeInt(sink, bytes.length)
  const head = Buffer.from(sink.buffer.subarray(0, sink.position))
  sink.position = 0
  writeInt(sink, scale)
  return Buffer.concat([head, bytes, sink.buffer.subarray(0, sink.position)])
}
