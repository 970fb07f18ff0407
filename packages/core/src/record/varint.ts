/*
 * Kafka's variable-length integers, as in Protocol Buffers' sint32 and sint64:
 *
 *   varint, varlong := group* last     seven bits each, the lowest first; the top bit says that another group follows
 *   the number written is zig-zag coded: 0, -1, 1, -2, 2 … become 0, 1, 2, 3, 4 …
 *
 * A varlong is kept in a double, so it is exact to ±2^53; nothing in a record batch is larger.
 */

/** Bytes that `writeVarint` takes for a signed 32-bit integer. */
export function varintSize(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  if (zigzag < 0x80) return 1
  if (zigzag < 0x4000) return 2
  if (zigzag < 0x200000) return 3
  return zigzag < 0x10000000 ? 4 : 5
}

/** Writes a signed 32-bit integer and gives the position after it. */
export function writeVarint(bytes: Uint8Array, position: number, value: number): number {
  let p = position
  let zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  // Nearly all take one byte or two.
  if (zigzag < 0x80) {
    bytes[p] = zigzag
    return p + 1
  }
  if (zigzag < 0x4000) {
    bytes[p] = zigzag | 128
    bytes[p + 1] = zigzag >>> 7
    return p + 2
  }
  while (zigzag > 127) {
    bytes[p++] = zigzag | 128
    zigzag >>>= 7
  }
  bytes[p++] = zigzag
  return p
}

/** Reads a signed 32-bit integer; `skipVarint` gives the position after it. */
export function readVarint(bytes: Uint8Array, position: number): number {
  let p = position
  let byte = bytes[p++]!
  if (byte < 128) return (byte >>> 1) ^ -(byte & 1)
  let zigzag = byte & 127
  for (let shift = 7; byte > 127; shift += 7) {
    byte = bytes[p++]!
    zigzag |= (byte & 127) << shift
  }
  return (zigzag >>> 1) ^ -(zigzag & 1)
}

/** The position after the varint or varlong at `position`. */
export function skipVarint(bytes: Uint8Array, position: number): number {
  let p = position
  while (bytes[p]! > 127) p++
  return p + 1
}

/** Bytes that `writeVarlong` takes for an integer within ±2^53. */
export function varlongSize(value: number): number {
  if (value === value >> 0) return varintSize(value)
  let magnitude = value < 0 ? -(value + 1) : value
  let size = 1
  for (magnitude = Math.floor(magnitude / 64); magnitude > 0; magnitude = Math.floor(magnitude / 128)) size++
  return size
}

/** Writes an integer within ±2^53 and gives the position after it. */
export function writeVarlong(bytes: Uint8Array, position: number, value: number): number {
  if (value === value >> 0) return writeVarint(bytes, position, value)
  // Zig-zag without doubling, which would leave the exact range of a double: the sign goes into the first group's
  // lowest bit, the magnitude behind it.
  const negative = value < 0
  let magnitude = negative ? -(value + 1) : value
  let group = (magnitude % 64) * 2 + (negative ? 1 : 0)
  magnitude = Math.floor(magnitude / 64)
  let p = position
  while (magnitude > 0) {
    bytes[p++] = group | 128
    group = magnitude % 128
    magnitude = Math.floor(magnitude / 128)
  }
  bytes[p++] = group
  return p
}

/** Reads an integer within ±2^53; `skipVarint` gives the position after it. */
export function readVarlong(bytes: Uint8Array, position: number): number {
  let p = position
  let byte = bytes[p++]!
  const negative = (byte & 1) === 1
  let magnitude = (byte & 127) >> 1
  for (let scale = 64; byte > 127; scale *= 128) {
    byte = bytes[p++]!
    magnitude += (byte & 127) * scale
  }
  return negative ? -magnitude - 1 : magnitude
}
