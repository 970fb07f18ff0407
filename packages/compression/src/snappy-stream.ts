import { GrowingBuffer } from './growing-buffer.ts'
import { compressSnappyBlock, decompressSnappyBlock } from './snappy-block.ts'

/*
 * What stands in a batch that is compressed with snappy: a bare block, as some clients write it, or the stream of snappy-java
 * (xerial), as Kafka itself writes it. Integers are big-endian.
 *
 *   stream := 0x82 "SNAPPY" 0x00 version:int32 compatibleVersion:int32 (length:int32 block)*
 */
const MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const HEADER_BYTES = 16
const VERSION = 1
/** As snappy-java. */
const BLOCK_BYTES = 32 * 1024

export function decompressSnappy(bytes: Uint8Array, maxBytes: number): Buffer {
  const out = new GrowingBuffer(Math.min(4 * bytes.length, maxBytes), maxBytes)
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (source.length < HEADER_BYTES || source.compare(MAGIC, 0, MAGIC.length, 0, MAGIC.length) !== 0) {
    decompressSnappyBlock(source, 0, source.length, out)
    return out.filled()
  }
  let p = HEADER_BYTES
  while (p < source.length) {
    if (p + 4 > source.length) throw new Error('the stream ends within a length')
    const length = source.readInt32BE(p)
    p += 4
    if (length < 0 || length > source.length - p) throw new Error('a block is longer than the stream')
    decompressSnappyBlock(source, p, p + length, out)
    p += length
  }
  return out.filled()
}

export function compressXerialSnappy(bytes: Uint8Array): Buffer {
  const out = new GrowingBuffer(HEADER_BYTES + bytes.length, Number.POSITIVE_INFINITY)
  out.append(MAGIC, 0, MAGIC.length)
  writeInt32(out, VERSION)
  writeInt32(out, VERSION)
  for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
    const lengthAt = out.length
    writeInt32(out, 0)
    compressSnappyBlock(bytes, start, Math.min(start + BLOCK_BYTES, bytes.length), out)
    out.bytes.writeInt32BE(out.length - lengthAt - 4, lengthAt)
  }
  return out.filled()
}

function writeInt32(out: GrowingBuffer, value: number): void {
  out.reserve(4)
  out.length = out.bytes.writeInt32BE(value, out.length)
}
