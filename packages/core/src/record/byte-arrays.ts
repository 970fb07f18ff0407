/**
 * How arrays of bytes are made and compared. Any JavaScript has the plain way; with the engine comes the one of Node.js
 * (`node-byte-arrays.ts`), whose arrays have faster methods. The types name Node's arrays, since all code of the engine gets these.
 */
export interface ByteArrays {
  /** With any content. */
  allocate(size: number): Buffer
  /** The same bytes, without a copy. */
  view(bytes: Uint8Array): Buffer
  /** Unsigned, byte by byte. */
  compare(one: Uint8Array, other: Uint8Array): number
}

const PLAIN: ByteArrays = {
  allocate: size => new Uint8Array(size) as Buffer,
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

export function viewBytes(bytes: Uint8Array): Buffer {
  return arrays.view(bytes)
}

export function compareLongBytes(one: Uint8Array, other: Uint8Array): number {
  return arrays.compare(one, other)
}
