import { compress, decompress } from '@millrace/compression'
import type { CompressionCodec } from '@millrace/core'
import type { CompressionTypes } from 'kafkajs'
import { kafkajsPackage } from './kafkajs-package.ts'

/** Kafka's number of each codec, which is also kafkajs' name for it. */
const CODEC_NUMBERS: Readonly<Record<CompressionCodec, number>> = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 }

/** What one batch may hold, uncompressed: beyond it, compressed bytes are taken for damaged. */
const MAX_BATCH_BYTES = 1024 * 1024 * 1024

interface KafkajsCodec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>
  decompress(bytes: Buffer): Promise<Buffer>
}

type KafkajsCodecs = Record<number, (() => KafkajsCodec) | undefined>

/** All of Kafka's codecs: those that kafkajs has not got and the application has not registered are added to kafkajs. */
export function availableCodecs(): readonly CompressionCodec[] {
  const codecs = kafkajsPackage().CompressionCodecs as unknown as KafkajsCodecs
  for (const codec of ['snappy', 'lz4', 'zstd'] as const) {
    const number = CODEC_NUMBERS[codec]
    if (!isRegistered(codecs, number)) codecs[number] = () => codecOf(codec)
  }
  return Object.keys(CODEC_NUMBERS) as CompressionCodec[]
}

export function kafkajsCodec(codec: CompressionCodec): CompressionTypes {
  return CODEC_NUMBERS[codec]
}

/** @throws MILLRACE_DECOMPRESSION_FAILED */
export function decompressBatch(codec: CompressionCodec, bytes: Buffer): Buffer {
  return decompress(codec, bytes, MAX_BATCH_BYTES)
}

function codecOf(codec: CompressionCodec): KafkajsCodec {
  return {
    compress: async ({ buffer }) => compress(codec, buffer),
    decompress: async bytes => decompressBatch(codec, bytes),
  }
}

function isRegistered(codecs: KafkajsCodecs, number: number): boolean {
  try {
    return codecs[number]?.() !== undefined
  } catch {
    return false
  }
}
