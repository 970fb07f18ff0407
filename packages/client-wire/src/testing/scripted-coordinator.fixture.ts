import { KAFKA_ERRORS } from '../protocol/error-codes.ts'
import { addOffsetsToTxnApi } from '../protocol/messages/add-offsets-to-txn.ts'
import { addPartitionsToTxnApi } from '../protocol/messages/add-partitions-to-txn.ts'
import { endTxnApi, type EndTxnRequest } from '../protocol/messages/end-txn.ts'
import { findCoordinatorApi } from '../protocol/messages/find-coordinator.ts'
import { initProducerIdApi } from '../protocol/messages/init-producer-id.ts'
import { offsetFetchApi } from '../protocol/messages/offset-fetch.ts'
import { txnOffsetCommitApi, type TxnOffsetCommitRequest } from '../protocol/messages/txn-offset-commit.ts'
import type { ScriptedBroker } from './scripted-broker.fixture.ts'

interface Identity {
  readonly producerId: number
  readonly producerEpoch: number
}

const FENCED = KAFKA_ERRORS.PRODUCER_FENCED.code

/**
 * What a coordinator keeps of one transactional id and of one group, by the older rules of transactions (one epoch for all transactions of a
 * producer) or by those of KIP-890. Tests put it behind a scripted broker, and lose or delay what they like.
 */
export class ScriptedCoordinator {
  /** Of the last producer; the first gets epoch 0. */
  producerId = 7
  producerEpoch = -1
  open = false
  readonly ends: ('commit' | 'abort')[] = []
  /** Committed offsets of the group, of partition 0 of topic `t`. */
  committedOffset = -1
  #pendingOffset: number | undefined
  readonly #raises: boolean

  constructor({ raises }: { readonly raises: boolean }) {
    this.#raises = raises
  }

  init({ producerId = -1, producerEpoch = -1 }: Partial<Identity>): Identity & { readonly errorCode: number } {
    const isOther = producerId !== -1 && (producerId !== this.producerId || producerEpoch !== this.producerEpoch)
    if (isOther) return { errorCode: FENCED, producerId: -1, producerEpoch: -1 }
    if (this.open) {
      // The first of two epochs fences who has left it open.
      this.producerEpoch++
      this.#finish(false)
    }
    this.producerEpoch++
    return this.#identity()
  }

  /** As a produce request by the newer rules, or AddPartitionsToTxn by the older ones. */
  add(identity: Identity): number {
    if (!this.#isCurrent(identity)) return FENCED
    this.open = true
    return 0
  }

  addOffset(identity: Identity, offset: number): number {
    const errorCode = this.add(identity)
    if (errorCode === 0) this.#pendingOffset = offset
    return errorCode
  }

  end(request: EndTxnRequest): Identity & { readonly errorCode: number } {
    const refused = (errorCode: number) => ({ errorCode, producerId: -1, producerEpoch: -1 })
    const last = this.ends.at(-1)
    const isRepeated = !this.open && last === (request.committed ? 'commit' : 'abort')
    // A request that is sent again has the epoch from before the end (KIP-890).
    const before = this.#raises && isRepeated ? 1 : 0
    if (!this.#isCurrent({ ...request, producerEpoch: request.producerEpoch + before })) return refused(FENCED)
    if (this.open) {
      this.#finish(request.committed)
      if (this.#raises) this.producerEpoch++
    } else if (!isRepeated) return refused(KAFKA_ERRORS.INVALID_TXN_STATE.code)
    return this.#identity()
  }

  /** Answers all but Produce and Metadata. */
  serve(broker: ScriptedBroker): void {
    const at = { nodeId: 1, host: '127.0.0.1', port: broker.port, errorCode: 0, errorMessage: null }
    broker.on(findCoordinatorApi, ({ coordinatorKeys }) => ({
      ...at,
      throttleTimeMs: 0,
      coordinators: coordinatorKeys!.map(key => ({ ...at, key })),
    }))
    broker.on(initProducerIdApi, request => ({ throttleTimeMs: 0, ...this.init(request) }))
    broker.on(endTxnApi, request => ({ throttleTimeMs: 0, ...this.end(request) }))
    broker.on(addPartitionsToTxnApi, request => {
      const partitionErrorCode = this.add({
        producerId: request.v3AndBelowProducerId,
        producerEpoch: request.v3AndBelowProducerEpoch,
      })
      const resultsByPartition = [{ partitionIndex: 0, partitionErrorCode }]
      const resultsByTopicV3AndBelow = [{ name: 't', resultsByPartition }]
      return { throttleTimeMs: 0, errorCode: 0, resultsByTransaction: [], resultsByTopicV3AndBelow }
    })
    broker.on(addOffsetsToTxnApi, request => ({ throttleTimeMs: 0, errorCode: this.add(request) }))
    broker.on(txnOffsetCommitApi, request => this.offsetAnswer(request))
    broker.on(offsetFetchApi, ({ groups }) => ({
      throttleTimeMs: 0,
      topics: [],
      errorCode: 0,
      groups: groups!.map(({ groupId = '' }) => ({
        groupId,
        errorCode: 0,
        topics: [
          {
            name: 't',
            topicId: '00000000000000000000000000000000',
            partitions: [
              {
                partitionIndex: 0,
                committedOffset: this.committedOffset,
                committedLeaderEpoch: -1,
                metadata: '',
                errorCode: 0,
              },
            ],
          },
        ],
      })),
    }))
  }

  offsetAnswer(request: TxnOffsetCommitRequest) {
    const [topic] = request.topics
    const errorCode = this.addOffset(request, topic!.partitions[0]!.committedOffset)
    return { throttleTimeMs: 0, topics: [{ name: 't', partitions: [{ partitionIndex: 0, errorCode }] }] }
  }

  #isCurrent({ producerId, producerEpoch }: Identity): boolean {
    return producerId === this.producerId && producerEpoch === this.producerEpoch
  }

  #identity() {
    const { producerId, producerEpoch } = this
    return { errorCode: 0, producerId, producerEpoch }
  }

  #finish(committed: boolean): void {
    if (committed && this.#pendingOffset !== undefined) this.committedOffset = this.#pendingOffset
    this.#pendingOffset = undefined
    this.open = false
    this.ends.push(committed ? 'commit' : 'abort')
  }
}
