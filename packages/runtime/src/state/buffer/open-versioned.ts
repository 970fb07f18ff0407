import type { KeySpace } from '@millrace/core'
import type { StoreBufferOptions } from './store-output.ts'
import { VersionedBuffer } from './versioned-buffer.ts'
import { decodeTime, TIME_ROW } from './versioned-rows.ts'

/** The write buffer of a versioned store, at the stream time that the backend has it at. */
export async function openVersioned(
  options: Omit<StoreBufferOptions, 'empty'> & { readonly syncReads: boolean },
): Promise<VersionedBuffer> {
  const time = await timeOf(options.backend)
  const buffer = new VersionedBuffer({ ...options, empty: time === undefined })
  if (time !== undefined) buffer.startAt(time)
  return buffer
}

/** Undefined where nothing was ever put: the time is written with the first row. */
async function timeOf(backend: KeySpace): Promise<number | undefined> {
  const row = await backend.get(TIME_ROW)
  return row === undefined ? undefined : decodeTime(row)
}
