import type { KeySpace } from '@millrace/core'
import { asBuffer, type StoreCodec } from '../../format/store-codec.ts'
import { lastKeyOf } from './task-store.ts'

interface OfBackend {
  readonly codec: StoreCodec
  readonly backend: KeySpace
  readonly empty: boolean
}

/** Makes the buffer of a store of windows. Its time starts where the last window on the backend starts. */
export async function openWindowedBuffer<Buffer extends { startAt(streamTime: number): void }>(
  codec: StoreCodec,
  backend: KeySpace,
  make: (of: OfBackend) => Buffer,
): Promise<Buffer> {
  const last = await lastKeyOf(backend)
  const buffer = make({ codec, backend, empty: last === undefined })
  if (last !== undefined) buffer.startAt(codec.readKey(asBuffer(last)).slot)
  return buffer
}
