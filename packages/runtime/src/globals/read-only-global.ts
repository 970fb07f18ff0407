import {
  type KeyValueStore,
  millraceError,
  type SessionStore,
  type StorePlan,
  type VersionedKeyValueStore,
  type WindowStore,
} from '@millrace/core'
import { readOnlyKeyValue, readOnlySession, readOnlyVersioned, readOnlyWindow } from '../state/views/read-only-faces.ts'

/**
 * A global store as processors of tasks see it. Its writing methods say that nobody but its own processor writes it.
 *
 * @param current the store, which is another one after a rebuild
 */
export function readOnlyGlobal(name: string, kind: StorePlan['kind'], current: () => unknown): object {
  const refuse = () => {
    throw millraceError('MILLRACE_STORE_READ_ONLY', { store: name })
  }
  const writes = { put: refuse, putIfAbsent: refuse, delete: refuse }
  switch (kind) {
    case 'key-value':
      return { ...readOnlyKeyValue(() => current() as KeyValueStore<unknown, unknown>), ...writes }
    case 'window':
      return { ...readOnlyWindow(() => current() as WindowStore<unknown, unknown>), put: refuse }
    case 'session':
      return { ...readOnlySession(() => current() as SessionStore<unknown, unknown>), put: refuse }
    case 'versioned':
      return {
        ...readOnlyVersioned(() => current() as VersionedKeyValueStore<unknown, unknown>),
        put: refuse,
        delete: refuse,
      }
  }
}
