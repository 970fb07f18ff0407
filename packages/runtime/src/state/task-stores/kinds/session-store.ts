import { RangeBuffer } from '../../buffer/range-buffer.ts'
import { rangeView } from '../../views/operator-views.ts'
import { readOnlySession } from '../../views/read-only-faces.ts'
import { sessionFace } from '../../views/session-face.ts'
import { copied, forReading, NO_RECORD, noViews, type StoreParts, type TaskStore } from './task-store.ts'
import { openWindowedBuffer } from './windowed-buffer.ts'

export function sessionStore({ codec, state }: StoreParts): TaskStore {
  const { name } = codec.plan
  return {
    codec,
    ...copied(name),
    async open(options) {
      const buffer = await openWindowedBuffer(codec, state.store(name), of => new RangeBuffer({ ...options, ...of }))
      return {
        ...noViews(name),
        buffer,
        range: () => rangeView(buffer),
        userStore: context => sessionFace(buffer, context),
      }
    },
    async view(backend, streamTime) {
      const buffer = await openWindowedBuffer(codec, backend, of => new RangeBuffer({ ...forReading(backend), ...of }))
      buffer.startAt(streamTime)
      const face = sessionFace(buffer, NO_RECORD)
      return readOnlySession(() => face)
    },
  }
}
