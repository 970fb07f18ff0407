import type { KeyRange, PartitionFailure, Position, TopicPartition } from '@millrace/core'
import type { CommittedChange } from '../../query/live/committed-queue.ts'
import type { FollowedRows, FollowRequest } from '../../query/live/followed-rows.ts'
import type { OpenPartition, Opening } from '../../query/local-queries.ts'

/** What the main thread asks of the views that a thread has open for it. */
export type ViewRequest =
  | { readonly do: 'open'; readonly opening: Opening }
  /** One value of a view. */
  | { readonly do: 'read'; readonly view: number; readonly method: string; readonly args: readonly unknown[] }
  /** The first page of entries of a view. */
  | { readonly do: 'walk'; readonly view: number; readonly method: string; readonly args: readonly unknown[] }
  /** The page after it. */
  | { readonly do: 'next'; readonly walk: number }
  | { readonly do: 'end'; readonly walk: number }
  | { readonly do: 'close'; readonly views: readonly number[] }
  /** Follows a part of a store. The number is the main thread's. */
  | { readonly do: 'follow'; readonly follow: number; readonly request: FollowRequest }
  /** The first page of rows of what is followed, as of its beginning. */
  | { readonly do: 'rows'; readonly follow: number; readonly ranges: readonly KeyRange[] }
  | { readonly do: 'get'; readonly follow: number; readonly keys: readonly Uint8Array[] }
  /** Rows of it are not read any more. */
  | { readonly do: 'release'; readonly follow: number }
  | { readonly do: 'unfollow'; readonly follow: number }
  | { readonly do: 'changed-keys'; readonly changelog: TopicPartition; readonly from: number; readonly to: number }
  | { readonly do: 'lags' }

/** A partition that a thread has opened for the main thread. */
export interface RemotePartition extends Pick<OpenPartition, 'source'> {
  readonly view: number
  readonly position: Position
}

/** By partition of the store. */
export type OpenedViews = readonly (RemotePartition | PartitionFailure)[]

export interface Page {
  /** To ask for the page after it; undefined if there is none. */
  readonly walk: number | undefined
  readonly entries: readonly unknown[]
}

/** What a thread says of a partition that it follows from now on. */
export type RemoteFollowed = Pick<FollowedRows, 'position' | 'time' | 'caching' | 'changelog'> | PartitionFailure

/** A committed change on its way between threads, where a `Buffer` arrives as a plain array. */
export interface SentChange extends Pick<CommittedChange, 'position' | 'time'> {
  readonly rows: readonly { readonly key: Uint8Array; readonly value: Uint8Array | null }[]
}

/** What a thread sends about a partition that it follows. */
export type FollowNews =
  | { readonly is: 'committed'; readonly change: SentChange; readonly weight: number }
  | { readonly is: 'ended' | 'too-many' }

/** A row on its way between threads. */
export type SentRow = readonly [key: Uint8Array, value: Uint8Array]
