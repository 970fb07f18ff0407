import type { CompressionCodec } from '@millrace/core'
// CompressionCodecs is not among the names that Node finds in kafkajs' CommonJS module.
import kafkajs, { type CompressionTypes } from 'kafkajs'

/** Kafka's number of each codec, which is also kafkajs' name for it. */
const CODEC_NUMBERS: Readonly<Record<CompressionCodec, number>> = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 }

/** The codecs that kafkajs can read and write now: others than these two only where the application registered them. */
export function availableCodecs(): readonly CompressionCodec[] {
  const names = Object.keys(CODEC_NUMBERS) as CompressionCodec[]
  return names.filter(name => name === 'none' || isRegistered(CODEC_NUMBERS[name]))
}

export function kafkajsCodec(codec: CompressionCodec): CompressionTypes {
  return CODEC_NUMBERS[codec]
}

function isRegistered(codec: number): boolean {
  const codecs = kafkajs.CompressionCodecs as unknown as Readonly<Record<number, (() => unknown) | undefined>>
  try {
    return codecs[codec]?.() !== undefined
  } catch {
    return false
  }
}
