import { keyValueFace } from './key-value-face.ts'
import { LruBuffer } from '../buffer/lru-buffer.ts'
import { RangeBuffer } from '../buffer/range-buffer.ts'
import { sessionFace } from './session-face.ts'
import { StoreBuffer } from '../buffer/store-buffer.ts'
import type { BufferContext } from '../buffer/store-output.ts'
import type { TaskBuffer } from '../buffer/task-buffer.ts'
import { VersionedBuffer } from '../buffer/versioned-buffer.ts'
import { versionedStoreOver } from './versioned-user-store.ts'
import { windowFace } from './window-face.ts'

/**
 * What user code gets for a store's name: a `KeyValueStore`, `WindowStore` or `SessionStore`, whose values come with their
 * timestamps where the store keeps them.
 */
export function userStore(buffer: TaskBuffer, context: BufferContext): unknown {
  const { kind, name } = buffer.codec.plan
  if (buffer instanceof LruBuffer) return keyValueFace(buffer, context)
  if (buffer instanceof StoreBuffer)
    return kind === 'window' ? windowFace(buffer, context) : keyValueFace(buffer, context)
  if (buffer instanceof VersionedBuffer) return versionedStoreOver(buffer, context)
  if (!(buffer instanceof RangeBuffer)) throw new Error(`store ${name} has no face for user code`)
  return kind === 'session' ? sessionFace(buffer, context) : windowFace(buffer, context)
}
