import { millraceError } from '../errors/millrace-error.ts'
import type { TopicPartitionOffset } from '../ports/client.ts'
import type {
  KeyRange,
  KeySpace,
  OpenOptions,
  Readable,
  Snapshot,
  StoreBackend,
  StoreChanges,
  StoreEntry,
  StoreIterator,
  TaskState,
} from '../ports/store.ts'
import { MemorySpace } from './memory-space.ts'
import type { FrozenMap } from './ordered-map.ts'
import { storeIterator } from './store-iterator.ts'

/**
 * Keeps the state of a task on the JS heap: nothing of it outlives `close`, and a restart restores all of it from the
 * changelogs. Reads are synchronous.
 */
export function memoryStore(): StoreBackend {
  return {
    name: 'memory',
    capabilities: { durable: false, syncReads: true },
    open: async options => openMemoryState(options),
  }
}

/** Says who may still read: a task's state, or a snapshot of it. */
interface Lifetime {
  ended: boolean
  readonly object: string
}

const CHUNK_ENTRIES = 256

function openMemoryState({ stores }: OpenOptions): TaskState {
  const spaces = new Map(stores.map(name => [name, new MemorySpace()]))
  const positions = new Map<string, TopicPartitionOffset>()
  const lifetime: Lifetime = { ended: false, object: 'state' }

  const entriesOf = (name: string): MemorySpace => {
    const entries = spaces.get(name)
    if (entries === undefined) throw millraceError('MILLRACE_STORE_UNKNOWN', { store: name })
    return entries
  }

  return {
    store: name => keySpace(entriesOf(name), lifetime),
    async write(changes, offsets) {
      checkOpen(lifetime, 'write')
      // Names are checked before anything is changed: all or nothing.
      const targets = changes.map(change => entriesOf(change.store))
      changes.forEach((change, index) => applyChanges(targets[index]!, change))
      for (const offset of offsets) positions.set(`${offset.topic}\0${offset.partition}`, { ...offset })
    },
    async offsets() {
      checkOpen(lifetime, 'offsets')
      return [...positions.values()]
    },
    async sync() {
      checkOpen(lifetime, 'sync')
    },
    async close() {
      lifetime.ended = true
      spaces.clear()
    },
  }
}

function applyChanges(entries: MemorySpace, { deleteRanges = [], keys, values }: StoreChanges): void {
  for (const { from, to } of deleteRanges) entries.deleteRange(from && textOf(from), to && textOf(to))
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]!
    const value = values[index] ?? null
    if (value === null) entries.delete(textOf(key))
    else entries.set(textOf(key), textOf(value))
  }
}

function keySpace(entries: MemorySpace, lifetime: Lifetime): KeySpace {
  return {
    ...readable(
      () => entries,
      () => entries.freeze(),
      [lifetime],
    ),
    async approximateCount() {
      checkOpen(lifetime, 'approximateCount')
      return entries.size
    },
    snapshot() {
      checkOpen(lifetime, 'snapshot')
      return snapshotOf(entries.freeze(), lifetime)
    },
  }
}

function snapshotOf(frozen: FrozenMap<string>, state: Lifetime): Snapshot {
  const own: Lifetime = { ended: false, object: 'snapshot' }
  return {
    ...readable(
      () => frozen,
      () => frozen,
      [state, own],
    ),
    async [Symbol.asyncDispose]() {
      own.ended = true
    },
  }
}

function readable(
  current: () => { get(key: string): string | undefined },
  freeze: () => FrozenMap<string>,
  lifetimes: readonly Lifetime[],
): Readable {
  const check = (operation: string): void => lifetimes.forEach(lifetime => checkOpen(lifetime, operation))
  const read = (key: Uint8Array): Uint8Array | undefined => {
    const value = current().get(textOf(key))
    return value === undefined ? undefined : bytesOf(value)
  }
  return {
    async get(key) {
      check('get')
      return read(key)
    },
    getSync(key) {
      check('getSync')
      return read(key)
    },
    async getMany(keys) {
      check('getMany')
      return keys.map(read)
    },
    iterate(range) {
      check('iterate')
      return iterate(freeze(), range, () => check('nextChunk'))
    },
  }
}

function iterate(frozen: FrozenMap<string>, range: KeyRange = {}, check: () => void): StoreIterator {
  const { reverse = false, limit = Infinity } = range
  let from = range.from === undefined ? '' : textOf(range.from)
  let to = range.to && textOf(range.to)
  let left = limit

  return storeIterator({
    release: () => {},
    async nextChunk() {
      check()
      const chunk: StoreEntry[] = []
      const wanted = Math.min(CHUNK_ENTRIES, left)
      if (wanted <= 0) return chunk
      frozen[reverse ? 'reverse' : 'forward'](from, to, (key, value) => {
        chunk.push([bytesOf(key), bytesOf(value)])
        // The next chunk goes on from here: exclusive as the upper bound, its direct successor as the lower one.
        if (reverse) to = key
        else from = `${key}\0`
        return chunk.length < wanted
      })
      left -= chunk.length
      return chunk
    },
  })
}

function checkOpen({ ended, object }: Lifetime, operation: string): void {
  if (ended) throw millraceError('MILLRACE_STORE_CLOSED', { operation, object })
}

/** Bytes as latin1, one code unit each: a copy that sorts as unsigned bytes do. */
function textOf(bytes: Uint8Array): string {
  return Buffer.prototype.latin1Slice.call(bytes, 0, bytes.length)
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'latin1')
}
