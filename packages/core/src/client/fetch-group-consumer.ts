import { millraceError, type MillraceError } from '../errors/millrace-error.ts'
import type {
  CommittedOffset,
  FetchedBatch,
  GroupConsumer,
  GroupConsumerOptions,
  GroupMetadata,
  Subscription,
  TopicPartition,
  TopicPartitionOffset,
} from '../ports/client.ts'
import type { StreamsSubscription } from '../ports/streams-group.ts'
import type { RecordFetcher } from './fetch-consumer.ts'
import type { PollLoop } from './poll-loop.ts'

/** A member's place in a group, from its join until it fails or is closed. */
export interface GroupPlace {
  readonly metadata: GroupMetadata
  commit(offsets: readonly CommittedOffset[]): Promise<void>
  confirm(maxAgeMs: number): Promise<void>
  requestRejoin(): void
}

/** How a group consumer takes part in its group. `FetchGroupConsumer` does the rest. */
export interface GroupProtocol {
  /** Absent if the broker assigns. */
  subscribe?(subscription: Subscription): void
  /** Absent if the leader of the group assigns. */
  joinStreamsGroup?(subscription: StreamsSubscription): void
  /** Undefined before the first poll, and after a failure. */
  readonly place: GroupPlace | undefined
  /** The member holds an assignment, and as far as it knows there is no other. */
  readonly settled: boolean
  /**
   * Tells the listener what the group has done since the last poll, in the order in which it happened. Called inside `poll` only.
   *
   * @throws why the place is lost, or why the coordinator does not answer
   */
  follow(): Promise<void>
  /** @throws an error that is already translated */
  committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]>
  translate(error: unknown, operation: string): MillraceError
  close(leave: boolean): Promise<void>
}

export interface FetchGroupConsumerOptions {
  readonly group: Pick<GroupConsumerOptions, 'groupId' | 'groupInstanceId'>
  readonly loop: PollLoop
  readonly fetcher: RecordFetcher
  readonly protocol: GroupProtocol
  readonly closed: (part: object) => void
}

/** A group member, for clients that fetch over the network: what the group does and what was fetched are seen inside `poll` only. */
export class FetchGroupConsumer implements GroupConsumer {
  readonly #with: FetchGroupConsumerOptions
  #closed = false

  constructor(options: FetchGroupConsumerOptions) {
    this.#with = options
  }

  subscribe(subscription: Subscription): void {
    this.#checkOpen('subscribe')
    const { protocol } = this.#with
    if (protocol.subscribe === undefined) {
      throw new TypeError('The broker assigns in a streams group: use joinStreamsGroup')
    }
    protocol.subscribe(subscription)
  }

  joinStreamsGroup(subscription: StreamsSubscription): void {
    this.#checkOpen('joinStreamsGroup')
    const { protocol } = this.#with
    if (protocol.joinStreamsGroup === undefined) {
      throw new TypeError("The members assign in a classic group: use subscribe, or the protocol 'streams'")
    }
    protocol.joinStreamsGroup(subscription)
  }

  seek(position: TopicPartitionOffset): void {
    this.#with.fetcher.seek(position)
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#with.fetcher.pause(partitions)
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#with.fetcher.resume(partitions)
  }

  poll(maxWaitMs: number): Promise<readonly FetchedBatch[]> {
    const { loop, fetcher, protocol } = this.#with
    return loop.poll(maxWaitMs, async () => {
      this.#checkOpen('poll')
      await protocol.follow()
      return fetcher.take()
    })
  }

  wakeup(): void {
    this.#with.loop.wakeup()
  }

  async committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]> {
    this.#checkOpen('committed')
    return this.#with.protocol.committed(partitions)
  }

  async commit(offsets: readonly CommittedOffset[]): Promise<void> {
    this.#checkOpen('commit')
    if (offsets.length === 0) return
    const { group, protocol } = this.#with
    try {
      await this.#place().commit(offsets)
    } catch (error) {
      throw protocol.translate(error, `Committing offsets of "${group.groupId}"`)
    }
  }

  async confirm(maxAgeMs: number): Promise<void> {
    this.#checkOpen('confirm')
    const { group, protocol } = this.#with
    try {
      await this.#place().confirm(maxAgeMs)
    } catch (error) {
      throw protocol.translate(error, `Asking group "${group.groupId}" whether it still counts this member`)
    }
  }

  groupMetadata(): GroupMetadata {
    const { group, protocol } = this.#with
    const { groupId, groupInstanceId } = group
    const nobody = { groupId, memberId: '', generationId: -1 }
    return protocol.place?.metadata ?? (groupInstanceId === undefined ? nobody : { ...nobody, groupInstanceId })
  }

  isRebalancing(): boolean {
    return !this.#with.protocol.settled
  }

  requestRejoin(_reason: string): void {
    const { protocol, loop } = this.#with
    protocol.place?.requestRejoin()
    loop.ring()
  }

  async close({ leave = true }: { readonly leave?: boolean } = {}): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const { fetcher, loop, protocol, closed } = this.#with
    fetcher.close()
    loop.ring()
    await protocol.close(leave)
    closed(this)
  }

  #place(): GroupPlace {
    const { protocol, group } = this.#with
    if (protocol.place !== undefined) return protocol.place
    throw millraceError('MILLRACE_GROUP_FENCED', { groupId: group.groupId, reason: 'it has not joined' })
  }

  #checkOpen(operation: string): void {
    if (this.#closed) throw millraceError('MILLRACE_CLIENT_CLOSED', { operation, object: 'group consumer' })
  }
}
