import type { PartitionFailure, Position } from '@millrace/core'
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
