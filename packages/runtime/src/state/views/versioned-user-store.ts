import type { VersionedKeyValueStore, VersionedPut, VersionedRecord } from '@millrace/core'
import type { BufferContext } from '../buffer/store-output.ts'
import type { Version } from '../buffer/version-timeline.ts'
import type { VersionedBuffer } from '../buffer/versioned-buffer.ts'

const REFUSED: VersionedPut = Object.freeze({ accepted: false })
const LATEST: VersionedPut = Object.freeze({ accepted: true })

/** A context that counts what is left out: that of a task, not the one of a store by itself. */
type Counting = BufferContext & { drop?(node: string, reason: 'late'): void }

/** A versioned store as user code sees it. */
export function versionedStoreOver(
  buffer: VersionedBuffer,
  context: Counting,
): VersionedKeyValueStore<unknown, unknown> {
  const { name } = buffer.codec.plan

  function outcome(validTo: number | undefined): VersionedPut {
    if (validTo === undefined) {
      context.drop?.(name, 'late')
      return REFUSED
    }
    return validTo === Number.POSITIVE_INFINITY ? LATEST : { accepted: true, validTo }
  }

  function put(key: unknown, value: unknown, timestamp: number) {
    const validTo = buffer.put(key, value, timestamp)
    return validTo instanceof Promise ? validTo.then(outcome) : outcome(validTo)
  }

  return {
    name,
    put,
    delete: async (key, timestamp) => {
      const before = shown(await buffer.get(key, timestamp))
      const { accepted } = await put(key, null, timestamp)
      return accepted ? before : undefined
    },
    get: (key, asOf) => {
      const found = buffer.get(key, asOf)
      return found instanceof Promise ? found.then(shown) : shown(found)
    },
    async *versions(key, { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY, reverse = false } = {}) {
      const found = await buffer.versions(key, from, to)
      for (const version of reverse ? found.toReversed() : found) yield shown(version)!
    },
  }
}

function shown(version: Version | undefined): VersionedRecord<unknown> | undefined {
  if (version === undefined) return undefined
  const { value, timestamp, validTo } = version
  return validTo === Number.POSITIVE_INFINITY ? { value, timestamp } : { value, timestamp, validTo }
}
