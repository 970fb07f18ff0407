import type { FetchedBatch, TopicPartition } from '@millrace/core'

/** One partition that is read. */
export interface Slot extends TopicPartition {
  /** Where the next fetch goes; undefined until somebody seeks. */
  position: number | undefined
  /** Leader epoch of the last batch before `position`; -1 after a seek. */
  lastEpoch: number
  paused: boolean
  /** Fetched and not polled yet, in order. */
  readonly buffered: FetchedBatch[]
  bufferedBytes: number
  fetching: boolean
  /** Counts seeks: an answer to what was asked before the last one is dropped. */
  version: number
  /** Where the log ends for a reader that has gone past its end or whose log was cut; undefined while all is well. */
  outOfRange: 'unknown' | number | undefined
  /** A replica that is nearer than the leader (KIP-392). */
  nearReplica: number | undefined
  /** Until when, by the monotonic clock: then the leader is asked again, because the replica may have fallen behind. */
  nearReplicaUntil: number
  /** It cannot be fetched before the metadata are asked for again. */
  stale: boolean
  /** Since when it could not be fetched, by the monotonic clock; undefined while all goes well. */
  troubledSince: number | undefined
}

export function newSlot(topic: string, partition: number, position: number | undefined): Slot {
  return {
    topic,
    partition,
    position,
    lastEpoch: -1,
    paused: false,
    buffered: [],
    bufferedBytes: 0,
    fetching: false,
    version: 0,
    outOfRange: undefined,
    nearReplica: undefined,
    nearReplicaUntil: 0,
    stale: false,
    troubledSince: undefined,
  }
}

export function moveSlot(slot: Slot, offset: number): void {
  slot.position = offset
  slot.lastEpoch = -1
  slot.version++
  slot.buffered.length = 0
  slot.bufferedBytes = 0
  slot.outOfRange = undefined
}

/** Removes batches up to `maxBytes`, at least one, so that one partition does not fill a poll alone. */
export function takeBuffered(slot: Slot, maxBytes: number): FetchedBatch[] {
  let bytes = 0
  let count = 0
  while (count < slot.buffered.length && (count === 0 || bytes + slot.buffered[count]!.byteLength <= maxBytes)) {
    bytes += slot.buffered[count]!.byteLength
    count++
  }
  slot.bufferedBytes -= bytes
  return slot.buffered.splice(0, count)
}

export function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}
