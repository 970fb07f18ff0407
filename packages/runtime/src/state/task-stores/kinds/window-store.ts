import type { KeySpace } from '@millrace/core'
import { RangeBuffer } from '../../buffer/range-buffer.ts'
import { StoreBuffer } from '../../buffer/store-buffer.ts'
import type { SlotBuffer } from '../../buffer/task-buffer.ts'
import { asBuffer } from '../../format/store-codec.ts'
import { rangeView, windowView } from '../../views/operator-views.ts'
import { readOnlyWindow } from '../../views/read-only-faces.ts'
import { valueAppender } from '../../views/shown-values.ts'
import { windowFace } from '../../views/window-face.ts'
import { copied, forReading, lastKeyOf, NO_RECORD, noViews, type StoreParts, type TaskStore } from './task-store.ts'

/** A window store that is read by key and window. */
export function windowStore({ codec, state, syncReads }: StoreParts): TaskStore {
  const { name } = codec.plan
  return {
    codec,
    ...copied(name),
    async open(options) {
      const backend = state.store(name)
      const last = await lastKeyOf(backend)
      const buffer = new StoreBuffer({ ...options, codec, backend, empty: last === undefined, syncReads })
      if (last !== undefined) buffer.startAt(codec.readKey(asBuffer(last)).slot)
      return {
        ...noViews(name),
        buffer,
        window: () => windowView(buffer),
        userStore: context => windowFace(buffer, context),
      }
    },
    async view(backend, streamTime) {
      const buffer = new StoreBuffer({ ...forReading(backend), codec, syncReads: false })
      const face = windowFace(await atTime(buffer, backend, streamTime), NO_RECORD)
      return readOnlyWindow(() => face)
    },
  }
}

/** A window store whose entries are kept together by key, because operators read ranges of time or keep duplicates. */
export function rangeWindowStore({ codec, state }: StoreParts): TaskStore {
  const { name, retainDuplicates } = codec.plan
  return {
    codec,
    ...copied(name),
    async open(options) {
      const backend = state.store(name)
      const last = await lastKeyOf(backend)
      const buffer = new RangeBuffer({ ...options, codec, backend, empty: last === undefined })
      if (last !== undefined) buffer.startAt(codec.readKey(asBuffer(last)).slot)
      return {
        ...noViews(name),
        buffer,
        window: () => windowView(buffer),
        range: () => rangeView(buffer),
        userStore: context =>
          windowFace(buffer, context, retainDuplicates === true ? valueAppender(buffer) : undefined),
      }
    },
    async view(backend, streamTime) {
      const buffer = new RangeBuffer({ ...forReading(backend), codec })
      const face = windowFace(await atTime(buffer, backend, streamTime), NO_RECORD)
      return readOnlyWindow(() => face)
    },
  }
}

/** Sets the time of a buffer that is only read: what has expired by then is not shown. */
async function atTime<Buffer extends SlotBuffer>(
  buffer: Buffer,
  backend: KeySpace,
  streamTime: number,
): Promise<Buffer> {
  const last = await lastKeyOf(backend)
  if (last !== undefined) buffer.startAt(buffer.codec.readKey(asBuffer(last)).slot)
  buffer.startAt(streamTime)
  return buffer
}
