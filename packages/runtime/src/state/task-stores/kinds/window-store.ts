import { RangeBuffer } from '../../buffer/range-buffer.ts'
import { StoreBuffer } from '../../buffer/store-buffer.ts'
import { rangeView, windowView } from '../../views/operator-views.ts'
import { readOnlyWindow } from '../../views/read-only-faces.ts'
import { valueAppender } from '../../views/shown-values.ts'
import { windowFace } from '../../views/window-face.ts'
import { copied, forReading, NO_RECORD, noViews, type StoreParts, type TaskStore } from './task-store.ts'
import { openWindowedBuffer } from './windowed-buffer.ts'

/** A window store that is read by key and window. */
export function windowStore({ codec, state, syncReads }: StoreParts): TaskStore {
  const { name } = codec.plan
  return {
    codec,
    ...copied(name),
    async open(options) {
      const buffer = await openWindowedBuffer(
        codec,
        state.store(name),
        of => new StoreBuffer({ ...options, ...of, syncReads }),
      )
      return {
        ...noViews(name),
        buffer,
        window: () => windowView(buffer),
        userStore: context => windowFace(buffer, context),
      }
    },
    async view(backend, streamTime) {
      const buffer = await openWindowedBuffer(
        codec,
        backend,
        of => new StoreBuffer({ ...of, ...forReading(backend), syncReads: false }),
      )
      buffer.startAt(streamTime)
      const face = windowFace(buffer, NO_RECORD)
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
      const buffer = await openWindowedBuffer(codec, state.store(name), of => new RangeBuffer({ ...options, ...of }))
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
      const buffer = await openWindowedBuffer(codec, backend, of => new RangeBuffer({ ...of, ...forReading(backend) }))
      buffer.startAt(streamTime)
      const face = windowFace(buffer, NO_RECORD)
      return readOnlyWindow(() => face)
    },
  }
}
