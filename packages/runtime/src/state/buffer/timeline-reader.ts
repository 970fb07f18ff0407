import type { KeySpace } from '@millrace/core'
import { asBuffer, type StoreCodec } from '../format/store-codec.ts'
import { knowsAt, type Timeline } from './key-timeline.ts'
import { Version } from './version-timeline.ts'
import { decodeHistory, decodeLatest, historyRange, isHistoryOf, latestKey } from './versioned-rows.ts'

export interface TimelineReaderOptions {
  readonly backend: KeySpace
  readonly codec: StoreCodec
  /** The segments of the history that may have something to ask for, first and last. */
  readonly segments: () => readonly [number, number]
  /** Called with each version that was read. */
  readonly onRead: (version: Version) => void
}

/** Reads the rows of keys from the backend into their timelines. */
export class TimelineReader {
  readonly #with: TimelineReaderOptions

  constructor(options: TimelineReaderOptions) {
    this.#with = options
  }

  /** Until the version at a time is known, and its neighbours. */
  async load(timeline: Timeline, time: number): Promise<void> {
    while (!knowsAt(timeline, time)) {
      timeline.loading ??= this.#readMore(timeline).finally(() => {
        timeline.loading = undefined
      })
      await timeline.loading
    }
  }

  /** The row of the latest first, the history when that is not enough. */
  async #readMore(timeline: Timeline): Promise<void> {
    if (!timeline.knowsLatest) {
      this.learnLatest(timeline, await this.#with.backend.get(latestKey(timeline.keyBytes)))
    } else {
      await this.#readHistory(timeline)
    }
  }

  learnLatest(timeline: Timeline, row: Uint8Array | undefined): void {
    if (timeline.knowsLatest) return
    timeline.knowsLatest = true
    if (row === undefined) return
    const { timestamp, validTo, marked, value } = decodeLatest(asBuffer(row))
    const version = this.#read(timestamp, validTo, marked, value)
    version.row = latestKey(timeline.keyBytes)
    timeline.versions.push(version)
    this.#with.onRead(version)
  }

  async #readHistory(timeline: Timeline): Promise<void> {
    const { keyBytes, versions } = timeline
    const [first, last] = this.#with.segments()
    const found: Version[] = []
    for (let segment = first; segment <= last; segment++) {
      await using iterator = this.#with.backend.iterate(historyRange(keyBytes, segment))
      for (let chunk = await iterator.nextChunk(); chunk.length > 0; chunk = await iterator.nextChunk()) {
        for (const [row, content] of chunk) {
          if (!isHistoryOf(row, keyBytes)) continue
          const { timestamp, validTo, marked, value } = decodeHistory(asBuffer(row), asBuffer(content))
          const version = this.#read(timestamp, validTo, marked, value)
          version.row = Buffer.from(row)
          found.push(version)
        }
      }
    }
    // The heap knows better of what it has.
    const older = found.filter(({ timestamp }) => versions[0] === undefined || timestamp < versions[0].timestamp)
    older.sort((a, b) => a.timestamp - b.timestamp)
    older.forEach((version, index) => {
      // Of a deletion at the end, and where what came next was taken back.
      version.validTo = (older[index + 1] ?? versions[0])?.timestamp ?? Number.POSITIVE_INFINITY
    })
    for (const version of older) this.#with.onRead(version)
    // One by one: a key may have more versions than a call can have arguments.
    const newer = versions.splice(0)
    for (const version of older) versions.push(version)
    for (const version of newer) versions.push(version)
    timeline.knowsAll = true
  }

  #read(timestamp: number, validTo: number, marked: boolean, value: Buffer | null): Version {
    // A copy: the version stays for longer than the row it came in.
    const content = value === null ? null : this.#with.codec.readContent(Buffer.from(value)).content
    return new Version(timestamp, this.#with.codec.contentSerde, content, validTo, marked)
  }
}
