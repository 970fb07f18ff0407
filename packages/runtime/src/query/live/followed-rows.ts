import type { KeyRange, StorePlan } from '@millrace/core'
import { asBuffer } from '../../state/format/store-codec.ts'
import type { CommittedRows, FollowedStore, StoreFollower } from '../../state/task-stores/store-followers.ts'
import type { ChangeListener, CommittedChange } from './committed-queue.ts'
import { isInPart, type KeyPart, keyOfRow } from './key-part.ts'
import type { LiveRow } from './live-rows.ts'

/** What is followed of a store, as data. */
export interface FollowRequest {
  readonly store: string
  readonly partition: number
  readonly part: KeyPart
  /** How many changed rows may be on the way to another thread. */
  readonly maxBuffered: number
}

/** A part of a store as of one commit, whose later commits a listener is told, each once. */
export interface FollowedRows
  extends Pick<FollowedStore, 'position' | 'time' | 'caching' | 'changelog'>, AsyncDisposable {
  /** The rows of the part within these ranges, some at a time. */
  chunks(ranges: readonly KeyRange[]): AsyncGenerator<readonly LiveRow[], void, undefined>
  /** One for each key. */
  getMany(keys: readonly Buffer[]): Promise<readonly (Buffer | undefined)[]>
  /** Rows are not read any more. The listener is still told. */
  release(): Promise<void>
}

/** Follows a part of a store. Rows of other keys are not copied. */
export async function followRows(
  { kind }: StorePlan,
  { part }: Pick<FollowRequest, 'part'>,
  listener: ChangeListener,
  follow: (follower: StoreFollower) => Promise<FollowedStore>,
): Promise<FollowedRows> {
  const isTimed = kind === 'window' || kind === 'session'
  const isFollowed = (row: Uint8Array) => {
    const key = keyOfRow(kind, row)
    return key !== undefined && isInPart(part, key)
  }
  let toldTime = -1
  const followed = await follow({
    committed({ keys, values, position, time }) {
      const rows = changedRows(keys, values, isFollowed)
      const timeMoves = isTimed && time > toldTime
      if (rows.length === 0 && !timeMoves) return
      toldTime = time
      listener.committed({ rows, position, time: isTimed ? time : -1 })
    },
    ended: () => listener.ended(),
  })
  const { snapshot, position, time, caching, changelog, stop } = followed
  return {
    position,
    time,
    caching,
    changelog,
    async *chunks(ranges) {
      for (const range of ranges) {
        await using entries = snapshot.iterate(range)
        for (;;) {
          const chunk = await entries.nextChunk()
          if (chunk.length === 0) break
          const rows = chunk.filter(([key]) => isFollowed(key))
          if (rows.length > 0) yield rows.map(([key, value]) => ({ key: asBuffer(key), value: asBuffer(value) }))
        }
      }
    },
    async getMany(keys) {
      const found = await snapshot.getMany(keys)
      return found.map(value => (value === undefined ? undefined : asBuffer(value)))
    },
    release: async () => await snapshot[Symbol.asyncDispose](),
    async [Symbol.asyncDispose]() {
      stop()
      await snapshot[Symbol.asyncDispose]()
    },
  }
}

/** As the batch leaves them: a row that is deleted and written again in the same commit, as of a versioned store, has changed once. */
function changedRows(
  keys: CommittedRows['keys'],
  values: CommittedRows['values'],
  isFollowed: (row: Uint8Array) => boolean,
): CommittedChange['rows'] {
  const rows = new Map<string, CommittedChange['rows'][number]>()
  keys.forEach((bytes, index) => {
    if (!isFollowed(bytes)) return
    const [key, value] = [Buffer.from(bytes), values[index]!]
    rows.set(key.toString('latin1'), { key, value: value === null ? null : Buffer.from(value) })
  })
  return [...rows.values()]
}
