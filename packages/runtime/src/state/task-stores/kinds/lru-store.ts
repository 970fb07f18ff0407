import { LruBuffer } from '../../buffer/lru-buffer.ts'
import { LruOrder } from '../../buffer/lru-order.ts'
import { StoreBuffer } from '../../buffer/store-buffer.ts'
import { keyValueFace } from '../../views/key-value-face.ts'
import { readOnlyKeyValue } from '../../views/read-only-faces.ts'
import { orderedView, tableView } from '../../views/operator-views.ts'
import {
  copied,
  emptied,
  forReading,
  lastKeyOf,
  NO_RECORD,
  noViews,
  type StoreParts,
  type TaskStore,
} from './task-store.ts'

/** A key-value store with `maxEntries`. The order of use is restored with it. */
export function lruStore({ codec, state, syncReads }: StoreParts): TaskStore {
  const { name } = codec.plan
  const order = new LruOrder(codec)
  return {
    codec,
    ...copied(name),
    restore: async (keys, values) => [{ store: name, ...order.restored(keys, values) }],
    clear() {
      order.clear()
      return [emptied(name)]
    },
    async open(options) {
      const backend = state.store(name)
      const empty = (await lastKeyOf(backend)) === undefined
      const kept = new StoreBuffer({ ...options, codec, backend, empty, syncReads })
      const buffer = new LruBuffer(kept, order, options.context)
      return {
        ...noViews(name),
        buffer,
        table: () => tableView(buffer),
        ordered: () => orderedView(buffer),
        userStore: context => keyValueFace(buffer, context),
      }
    },
    async view(backend) {
      const buffer = new StoreBuffer({ ...forReading(backend), codec, syncReads: false })
      const face = keyValueFace(buffer, NO_RECORD)
      return readOnlyKeyValue(() => face)
    },
  }
}
