import { GrowingBuffer } from './growing-buffer.ts'
import { compressLz4Block, decompressLz4Block } from './lz4-block.ts'
import { xxh32 } from './xxh32.ts'

/*
 * LZ4 frames (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md), one after another. Integers are little-endian.
 *
 *   frame  := magic:uint32 flags:byte sizes:byte contentSize:uint64? dictionary:uint32? headerChecksum:byte
 *             block* endMark:uint32=0 contentChecksum:uint32?
 *   block  := length:uint32 bytes blockChecksum:uint32?     the highest bit of the length says that the bytes are not compressed
 *   flags: bits 7–6 version (1), 5 blocks do not depend on each other, 4 blocks have checksums, 3 there is a content size,
 *          2 there is a content checksum, 0 there is a dictionary
 *   sizes: bits 6–4 the most that a block gives: 4 is 64 KiB, 5 256 KiB, 6 1 MiB, 7 4 MiB
 *   skippable frame := 0x184D2A50 to 0x184D2A5F:uint32 length:uint32 bytes
 */
const MAGIC = 0x184d2204
const SKIPPABLE_MAGIC = 0x184d2a50
const VERSION = 1
const INDEPENDENT_BIT = 0x20
const BLOCK_CHECKSUM_BIT = 0x10
const CONTENT_SIZE_BIT = 0x08
const CONTENT_CHECKSUM_BIT = 0x04
const DICTIONARY_BIT = 0x01
const UNCOMPRESSED_BIT = 0x8000_0000
/** As Kafka's own clients: blocks of 64 KiB. */
const SIZES = 4 << 4
const BLOCK_BYTES = 64 * 1024

export function decompressLz4Frames(bytes: Uint8Array, maxBytes: number): Buffer {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const out = new GrowingBuffer(Math.min(4 * source.length, maxBytes), maxBytes)
  let p = 0
  if (source.length === 0) throw new Error('there is no frame')
  while (p < source.length) p = decompressFrame(source, p, out)
  return out.filled()
}

/** Appends one frame, and gives where the next one begins. */
function decompressFrame(source: Buffer, start: number, out: GrowingBuffer): number {
  let p = start
  const take = (length: number) => {
    if (length > source.length - p) throw new Error('the frame is cut off')
    p += length
    return p - length
  }
  const magic = source.readUInt32LE(take(4))
  if ((magic & 0xffff_fff0) >>> 0 === SKIPPABLE_MAGIC) {
    take(source.readUInt32LE(take(4)))
    return p
  }
  if (magic !== MAGIC) throw new Error('it does not begin with the magic number of a frame')
  const header = p
  const flags = source[take(1)]!
  const sizes = (source[take(1)]! >>> 4) & 7
  if (flags >>> 6 !== VERSION) throw new Error(`version ${flags >>> 6} of frames is unknown`)
  if ((flags & DICTIONARY_BIT) !== 0) throw new Error('the frame needs a dictionary')
  if (sizes < 4) throw new Error(`block size ${sizes} is unknown`)
  if ((flags & CONTENT_SIZE_BIT) !== 0) take(8)
  const checksumAt = take(1)
  if (source[checksumAt] !== headerChecksum(source, header, checksumAt))
    throw new Error('the checksum of its header differs')
  const contentStart = out.length
  const blockBytes = 1 << (8 + 2 * sizes)
  for (;;) {
    const length = source.readUInt32LE(take(4))
    if (length === 0) break
    const plain = length >= UNCOMPRESSED_BIT
    const block = take(plain ? length - UNCOMPRESSED_BIT : length)
    const end = p
    if ((flags & BLOCK_CHECKSUM_BIT) !== 0 && source.readUInt32LE(take(4)) !== xxh32(source, block, end)) {
      throw new Error('the checksum of a block differs')
    }
    if (plain) out.append(source, block, end)
    else decompressLz4Block(source, block, end, out, blockBytes)
  }
  if ((flags & CONTENT_CHECKSUM_BIT) !== 0) {
    const checksum = source.readUInt32LE(take(4))
    if (checksum !== xxh32(out.bytes, contentStart, out.length)) throw new Error('the checksum of the content differs')
  }
  return p
}

/** As Kafka's own clients write it: independent blocks, no checksum but that of the header. */
export function compressLz4Frame(bytes: Uint8Array): Buffer {
  const out = new GrowingBuffer(32 + bytes.length, Number.POSITIVE_INFINITY)
  writeUint32(out, MAGIC)
  const header = out.length
  out.reserve(3)
  out.bytes[out.length++] = (VERSION << 6) | INDEPENDENT_BIT
  out.bytes[out.length++] = SIZES
  out.bytes[out.length] = headerChecksum(out.bytes, header, out.length)
  out.length++
  for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
    const end = Math.min(start + BLOCK_BYTES, bytes.length)
    const lengthAt = out.length
    writeUint32(out, 0)
    compressLz4Block(bytes, start, end, out)
    const length = out.length - lengthAt - 4
    if (length < end - start) {
      out.bytes.writeUInt32LE(length, lengthAt)
    } else {
      out.length = lengthAt
      writeUint32(out, end - start + UNCOMPRESSED_BIT)
      out.append(bytes, start, end)
    }
  }
  writeUint32(out, 0)
  return out.filled()
}

/** Of the flags and what follows them. */
function headerChecksum(bytes: Uint8Array, start: number, end: number): number {
  return (xxh32(bytes, start, end) >>> 8) & 0xff
}

function writeUint32(out: GrowingBuffer, value: number): void {
  out.reserve(4)
  out.length = out.bytes.writeUInt32LE(value, out.length)
}
