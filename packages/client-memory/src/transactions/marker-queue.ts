import type { TopicPartition } from '@millrace/core'
import type { Deadlines } from '../time/deadlines.ts'

export interface ProducerIdentity {
  readonly producerId: number
  readonly producerEpoch: number
}

/** Where the end of a transaction is written: a partition that it wrote to, or a group whose offsets it holds. */
export type MarkerTarget = TopicPartition | { readonly groupId: string }

/** Writes one marker. */
export type WriteMarker = (target: MarkerTarget, identity: ProducerIdentity, committed: boolean) => void

export interface MarkerQueueOptions {
  readonly deadlines: Deadlines
  readonly write: WriteMarker
  /** How long each marker takes, in milliseconds. */
  readonly delayMs: () => number
}

/**
 * The way of markers from the coordinator to where they are written, each by itself. While partitions have no leader, a marker
 * waits for one; or it is left out, as by brokers that take a partition without a leader for one that was deleted (KAFKA-20734).
 */
export class MarkerQueue {
  readonly #options: MarkerQueueOptions
  #skips: ((target: MarkerTarget) => boolean) | undefined
  #waiting: (() => void)[] = []

  constructor(options: MarkerQueueOptions) {
    this.#options = options
  }

  get leaderless(): boolean {
    return this.#skips !== undefined
  }

  /** @param done the marker is written, or left out */
  send(target: MarkerTarget, identity: ProducerIdentity, committed: boolean, done: () => void): void {
    const arrive = (): void => {
      if (this.#skips !== undefined && !this.#skips(target)) {
        this.#waiting.push(arrive)
        return
      }
      if (this.#skips === undefined) this.#options.write(target, identity, committed)
      done()
    }
    const delayMs = this.#options.delayMs()
    if (delayMs > 0) this.#options.deadlines.after(delayMs, arrive)
    else arrive()
  }

  /** No partition has a leader from here on. @param skips whether a marker is left out instead of waiting */
  loseLeaders(skips: (target: MarkerTarget) => boolean): void {
    this.#skips = skips
  }

  electLeaders(): void {
    this.#skips = undefined
    const waiting = this.#waiting
    this.#waiting = []
    for (const arrive of waiting) arrive()
  }
}
