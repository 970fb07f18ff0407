import { placeAfter, type Version } from './version-timeline.ts'

/** What the heap knows of one key: its newest versions without a gap, or all of them. */
export interface Timeline {
  readonly key: unknown
  readonly keyBytes: Buffer
  /** Ascending. */
  readonly versions: Version[]
  /** The row of the latest has been read, or need not be. */
  knowsLatest: boolean
  /** Nothing of the key is in the backend that is not here. */
  knowsAll: boolean
  loading: Promise<void> | undefined
  readonly dirty: Set<Version>
  /** Rows that have to go. */
  readonly gone: Buffer[]
  /** The times for which something was put since the last commit. */
  readonly put: Set<number>
}

/** Whether the heap has what is needed to know the version at a time, and its neighbours. */
export function knowsAt({ knowsAll, knowsLatest, versions }: Timeline, time: number): boolean {
  if (knowsAll) return true
  if (!knowsLatest) return false
  // The latest row is all there is to know of the latest, should there be one.
  if (time === Number.POSITIVE_INFINITY) return true
  return versions[0] !== undefined && placeAfter(versions, time) > 0
}

/** A timeline as it was before a put. */
export interface TimelineBefore {
  readonly copies: readonly {
    readonly version: Version
    readonly fields: Pick<Version, 'content' | 'validTo' | 'marked' | 'size'>
  }[]
  readonly knowsLatest: boolean
  readonly knowsAll: boolean
  readonly dirty: readonly Version[]
  readonly gone: readonly Buffer[]
}

/** All of it: what one put changes is not far from that. */
export function copyOf({ versions, knowsLatest, knowsAll, dirty, gone }: Timeline): TimelineBefore {
  const copies = versions.map(version => {
    const { content, validTo, marked, size } = version
    return { version, fields: { content, validTo, marked, size } }
  })
  return { copies, knowsLatest, knowsAll, dirty: [...dirty], gone: [...gone] }
}

/** Undoes what came after the copy. @returns by how many bytes the heap has grown */
export function restoreTimeline(timeline: Timeline, before: TimelineBefore): number {
  const { copies, knowsLatest, knowsAll, dirty, gone } = before
  let bytes = 0
  for (const { version } of copies) bytes += version.size
  for (const { size } of timeline.versions) bytes -= size
  for (const { version, fields } of copies) {
    bytes += fields.size - version.size
    Object.assign(version, fields)
  }
  // What was read since then is read again.
  Object.assign(timeline, { knowsLatest, knowsAll })
  timeline.versions.splice(0, timeline.versions.length, ...copies.map(({ version }) => version))
  timeline.gone.splice(0, timeline.gone.length, ...gone)
  timeline.dirty.clear()
  for (const version of dirty) timeline.dirty.add(version)
  return bytes
}
