import { StoreBuffer } from '../../buffer/store-buffer.ts'
import { indexName, indexRows } from '../../expiry/expiry-index.ts'
import { StoreExpiry } from '../../expiry/store-expiry.ts'
import { keyValueFace } from '../../views/key-value-face.ts'
import { readOnlyKeyValue } from '../../views/read-only-faces.ts'
import { orderedView, prefixView, tableView } from '../../views/operator-views.ts'
import {
  copied,
  emptied,
  forReading,
  lastKeyOf,
  NO_RECORD,
  noViews,
  type StoreParts,
  type TaskStore,
  unfit,
} from './task-store.ts'

/** A key-value store. With `ttlMs`, an index by time lies beside it. */
export function keyValueStore({ codec, state, syncReads }: StoreParts): TaskStore {
  const { name, ttlMs } = codec.plan
  const index = indexName(name)
  const indexed: Pick<TaskStore, 'restore' | 'clear'> = {
    restore: async (keys, values) => [{ store: name, keys, values }, indexRows(index, keys, values)],
    clear: () => [emptied(name), emptied(index)],
  }
  return {
    codec,
    ...copied(name),
    ...(ttlMs !== undefined && indexed),
    async open(options) {
      const backend = state.store(name)
      const empty = (await lastKeyOf(backend)) === undefined
      const buffer = new StoreBuffer({ ...options, codec, backend, empty, syncReads })
      return {
        ...noViews(name),
        buffer,
        expiry: ttlMs === undefined ? undefined : await StoreExpiry.open(buffer, state.store(index)),
        table: () => tableView(buffer),
        ordered: () => orderedView(buffer),
        prefix: lengthOf => prefixView(buffer, lengthOf),
        prefixes() {
          if (buffer.prefixes === undefined) throw unfit(name)
          return buffer.prefixes
        },
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
