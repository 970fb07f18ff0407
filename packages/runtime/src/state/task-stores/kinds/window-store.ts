import { RangeBuffer } from '../../buffer/range-buffer.ts'
import { StoreBuffer } from '../../buffer/store-buffer.ts'
import { asBuffer } from '../../format/store-codec.ts'
import { rangeView, windowView } from '../../views/operator-views.ts'
import { valueAppender } from '../../views/shown-values.ts'
import { windowFace } from '../../views/window-face.ts'
import { copied, lastKeyOf, noViews, type StoreParts, type TaskStore } from './task-store.ts'

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
  }
}
