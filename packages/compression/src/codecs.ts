import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { type CompressionCodec, millraceError } from '@millrace/core'
import { compressLz4Frame, decompressLz4Frames } from './lz4-frame.ts'
import { compressXerialSnappy, decompressSnappy } from './snappy-stream.ts'

interface Codec {
  compress(bytes: Uint8Array): Buffer
  /** Throws when the bytes are damaged, or stand for more than `maxBytes`. */
  decompress(bytes: Uint8Array, maxBytes: number): Buffer
}

const CODECS: Readonly<Record<CompressionCodec, Codec>> = {
  none: { compress: view, decompress: view },
  gzip: {
    compress: bytes => gzipSync(bytes),
    decompress: (bytes, maxBytes) => gunzipSync(bytes, { maxOutputLength: maxBytes }),
  },
  snappy: { compress: compressXerialSnappy, decompress: decompressSnappy },
  lz4: { compress: compressLz4Frame, decompress: decompressLz4Frames },
  zstd: {
    compress: bytes => zstdCompressSync(bytes),
    decompress: (bytes, maxBytes) => zstdDecompressSync(bytes, { maxOutputLength: maxBytes }),
  },
}

/** Compresses as Kafka's own clients do, so that each of them can read it. */
export function compress(codec: CompressionCodec, bytes: Uint8Array): Buffer {
  return CODECS[codec].compress(bytes)
}

/**
 * Gives back what was compressed. Memory is taken for what the bytes can stand for, not for what they claim, and never for more than
 * about twice `maxBytes`.
 *
 * @throws MILLRACE_DECOMPRESSION_FAILED when the bytes are damaged, or stand for more than `maxBytes`
 */
export function decompress(codec: CompressionCodec, bytes: Uint8Array, maxBytes: number): Buffer {
  try {
    const plain = CODECS[codec].decompress(bytes, Math.max(1, maxBytes))
    if (plain.length > maxBytes) throw new Error(`it gives ${plain.length} bytes, more than the ${maxBytes} allowed`)
    return plain
  } catch (cause) {
    const reason =
      (cause as { readonly code?: string }).code === 'ERR_BUFFER_TOO_LARGE'
        ? `it gives more than the ${maxBytes} bytes allowed`
        : cause instanceof Error
          ? cause.message
          : String(cause)
    throw millraceError('MILLRACE_DECOMPRESSION_FAILED', { codec, bytes: bytes.length, reason }, { cause })
  }
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
