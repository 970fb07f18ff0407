import { allocateBytes, viewBytes } from '../record/byte-arrays.ts'
import { ByteSink } from '../record/byte-sink.ts'
import type { Serde } from './serde.ts'

/** A serde whose hot path is written out, and for which topic and headers do not matter. */
export interface InPlaceSerde<T> extends Serde<T> {
  readonly read: (bytes: Buffer, start: number, end: number) => T
  write(value: T, sink: ByteSink): void
  /** Bytes of every value, where that is a constant: `list` leaves out the elements' lengths then. */
  readonly constantSize?: number
}

/** `serialize` and `deserialize` from the hot path, so that both always give the same. */
export function inPlaceSerde<T>(hotPath: Omit<InPlaceSerde<T>, 'serialize' | 'deserialize'>): InPlaceSerde<T> {
  return Object.freeze({
    ...hotPath,
    serialize: (value: T) => collect(sink => hotPath.write(value, sink)),
    deserialize: (bytes: Uint8Array) => hotPath.read(viewBytes(bytes), 0, bytes.length),
  })
}

/** Made at the first use: by then it is known which arrays are used. */
let shared: ByteSink | undefined

/** Up to this length a loop copies faster than `set`, which needs a view. */
const SHORT = 48

function copyOf(bytes: Buffer, start: number, end: number): Buffer {
  const copy = allocateBytes(end - start)
  if (copy.length > SHORT) copy.set(bytes.subarray(start, end))
  else for (let at = 0; at < copy.length; at++) copy[at] = bytes[start + at]!
  return copy
}

/** A copy of what `write` appends. May be nested: each call works behind what the outer one has written. */
export function collect(write: (sink: ByteSink) => void): Buffer {
  const scratch = (shared ??= new ByteSink(256))
  const start = scratch.position
  try {
    write(scratch)
    return copyOf(scratch.buffer, start, scratch.position)
  } finally {
    scratch.position = start
  }
}
