import { ByteSink } from '@millrace/core'
import { openVersioned } from '../../buffer/open-versioned.ts'
import type { VersionedBuffer } from '../../buffer/versioned-buffer.ts'
import { readOnlyVersioned } from '../../views/read-only-faces.ts'
import { versionedTableView } from '../../views/operator-views.ts'
import { versionedStoreOver } from '../../views/versioned-user-store.ts'
import { emptied, forReading, NO_RECORD, noViews, type StoreParts, type TaskStore, unfit } from './task-store.ts'

/** What the store may hold on the heap while it is restored. */
const RESTORE_BYTES = 16 << 20

/** A versioned store. It is restored through a write buffer: the rows of a record depend on the versions before it. */
export function versionedStore({ codec, state, syncReads }: StoreParts): TaskStore {
  const { name } = codec.plan
  let restoring: VersionedBuffer | undefined
  const openRestoring = () =>
    openVersioned({
      ...{ codec, backend: state.store(name), syncReads: false },
      ...{ context: NO_RECORD, log: undefined, scratch: new ByteSink() },
    })
  return {
    codec,
    async restore(keys, values) {
      restoring ??= await openRestoring()
      await restoring.restore(keys, values)
      await restoring.flush()
      return [restoring.changes()]
    },
    restored() {
      restoring?.committed()
      restoring?.evict(RESTORE_BYTES)
    },
    clear() {
      restoring = undefined
      return [emptied(name)]
    },
    async open(options) {
      restoring = undefined
      const buffer = await openVersioned({ ...options, codec, backend: state.store(name), syncReads })
      return {
        ...noViews(name),
        buffer,
        table: () => versionedTableView(buffer, () => unfit(name)),
        userStore: context => versionedStoreOver(buffer, context),
      }
    },
    async view(backend) {
      const buffer = await openVersioned({ ...forReading(backend), codec, syncReads: false })
      const face = versionedStoreOver(buffer, NO_RECORD)
      return readOnlyVersioned(() => face)
    },
  }
}
