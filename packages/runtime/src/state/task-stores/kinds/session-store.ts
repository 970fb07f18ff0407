import { RangeBuffer } from '../../buffer/range-buffer.ts'
import { asBuffer } from '../../format/store-codec.ts'
import { rangeView } from '../../views/operator-views.ts'
import { readOnlySession } from '../../views/read-only-faces.ts'
import { sessionFace } from '../../views/session-face.ts'
import { copied, forReading, lastKeyOf, NO_RECORD, noViews, type StoreParts, type TaskStore } from './task-store.ts'

export function sessionStore({ codec, state }: StoreParts): TaskStore {
  const { name } = codec.plan
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
        range: () => rangeView(buffer),
        userStore: context => sessionFace(buffer, context),
      }
    },
    async view(backend, streamTime) {
      const last = await lastKeyOf(backend)
      const buffer = new RangeBuffer({ ...forReading(backend), codec, empty: last === undefined })
      if (last !== undefined) buffer.startAt(codec.readKey(asBuffer(last)).slot)
      buffer.startAt(streamTime)
      const face = sessionFace(buffer, NO_RECORD)
      return readOnlySession(() => face)
    },
  }
}
