import type { BatchHeader } from '@millrace/core'

export type SequenceAnswer =
  | { readonly kind: 'append' }
  /** The batch is in the log already: it is acknowledged and not appended. */
  | { readonly kind: 'duplicate'; readonly lastOffset: number }
  | { readonly kind: 'fenced' }
  | { readonly kind: 'out-of-order'; readonly expected: number }

interface ProducerState {
  epoch: number
  nextSequence: number
  /** The last batches, oldest first: what may be sent again after a lost answer. */
  readonly recent: { readonly baseSequence: number; readonly count: number; readonly lastOffset: number }[]
}

/** As many batches as an idempotent producer may have in flight (KIP-98). */
const RECENT_BATCHES = 5

/** What one partition knows of the idempotent producers that wrote to it. */
export class ProducerSequences {
  readonly #producers = new Map<number, ProducerState>()

  check(header: BatchHeader): SequenceAnswer {
    const state = this.#producers.get(header.producerId)
    if (state === undefined) return { kind: 'append' }
    if (header.producerEpoch < state.epoch) return { kind: 'fenced' }
    const expected = header.producerEpoch === state.epoch ? state.nextSequence : 0
    if (header.baseSequence === expected) return { kind: 'append' }
    const duplicate =
      header.producerEpoch === state.epoch &&
      state.recent.find(batch => batch.baseSequence === header.baseSequence && batch.count === header.count)
    if (duplicate) return { kind: 'duplicate', lastOffset: duplicate.lastOffset }
    return { kind: 'out-of-order', expected }
  }

  appended(header: BatchHeader, lastOffset: number): void {
    const state = this.#state(header.producerId, header.producerEpoch)
    state.recent.push({ baseSequence: header.baseSequence, count: header.count, lastOffset })
    if (state.recent.length > RECENT_BATCHES) state.recent.shift()
    state.nextSequence = header.baseSequence + header.count
  }

  /** A marker of `epoch` fences everything older, in partitions that the old producer wrote to. */
  raiseEpoch(producerId: number, epoch: number): void {
    this.#state(producerId, epoch)
  }

  #state(producerId: number, epoch: number): ProducerState {
    const known = this.#producers.get(producerId)
    if (known !== undefined && known.epoch >= epoch) return known
    const state: ProducerState = { epoch, nextSequence: 0, recent: [] }
    this.#producers.set(producerId, state)
    return state
  }
}
