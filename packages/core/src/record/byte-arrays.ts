/**
 * How arrays of bytes are made, copied and compared. Any JavaScript has the plain way; with the engine comes the one of Node.js
 * (`node-byte-arrays.ts`), whose arrays have faster methods. The types name Node's arrays, since all code of the engine gets these.
 */
export interface ByteArrays {
  /** With any content. */
  allocate(size: number): Buffer
  copy(bytes: Uint8Array): Buffer
  /** The same bytes, without a copy. */
  view(bytes: Uint8Array): Buffer
  /** Unsigned, byte by byte. */
  compare(one: Uint8Array, other: Uint8Array): number
}

const PLAIN: ByteArrays = {
  allocate: size => new Uint8Array(size) as Buffer,
  copy: bytes => bytes.slice() as Buffer,
  view: bytes => bytes as Buffer,
  compare(one, other) {
    const length = Math.min(one.length, other.length)
    for (let i = 0; i < length; i++) if (one[i] !== other[i]) return one[i]! - other[i]!
    return one.length - other.length
  },
}

let arrays = PLAIN

export function useByteArrays(faster: ByteArrays): void {
  arrays = faster
}

export function allocateBytes(size: number): Buffer {
  return arrays.allocate(size)
}

export function copyBytes(bytes: Uint8Array): Buffer {
  return arrays.copy(bytes)
}

export function viewBytes(bytes: Uint8Array): Buffer {
  return arrays.view(bytes)
}

export function compareLongBytes(one: Uint8Array, other: Uint8Array): number {
  return arrays.compare(one, other)
}

export function concatBytes(parts: readonly Uint8Array[]): Buffer {
  const all = allocateBytes(parts.reduce((sum, part) => sum + part.length, 0))
  let position = 0
  for (const part of parts) {
    all.set(part, position)
    position += part.length
  }
  return all
}
