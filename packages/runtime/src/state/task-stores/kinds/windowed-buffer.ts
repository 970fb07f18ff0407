import type { KeySpace } from '@millrace/core'
import { asBuffer, type StoreCodec } from '../../format/store-codec.ts'
import { lastKeyOf } from './task-store.ts'

interface OfBackend {
  readonly codec: StoreCodec
  readonly backend: KeySpace
  readonly empty: boolean
  readonly lastSlot: number | undefined
}

/** Makes the buffer of a store of windows. Its time starts where the last window on the backend starts. */
export async function openWindowedBuffer<Buffer extends { startAt(streamTime: number): void }>(
  codec: StoreCodec,
  backend: KeySpace,
  make: (of: OfBackend) => Buffer,
): Promise<Buffer> {
  const last = await lastKeyOf(backend)
  const lastSlot = last && codec.readKey(asBuffer(last)).slot
  const buffer = make({ codec, backend, empty: last === undefined, lastSlot })
  if (lastSlot !== undefined) buffer.startAt(lastSlot)
  return buffer
}
