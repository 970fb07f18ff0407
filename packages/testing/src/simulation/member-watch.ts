import type { MemoryClient } from '@millrace/client-memory'
import type {
  ClientContext,
  CommittedOffset,
  GroupConsumerOptions,
  GroupMetadata,
  Producer,
  ProducerOptions,
  RebalanceListener,
  StreamsGroupListener,
  StreamsSubscription,
  Subscription,
  TopicPartitionOffset,
} from '@millrace/core'
import { isMillraceError } from '@millrace/core'
import type { Instance } from '@millrace/runtime'
import type { ProcessWorld } from './process-world.ts'
import { withMethod } from './with-method.ts'

/** A member as the oracles see it. */
export interface SimulatedMember {
  /** That of the process; with a number behind it of a further member. */
  readonly name: string
  readonly alive: boolean
  readonly standsStill: boolean
  /** Its client gives everything back before it joins its group. */
  readonly eager: boolean
  /** What it is doing as the member that it takes itself for; undefined when it is none. */
  readonly work: MemberWork | undefined
  /** Answers queries of its stores while it is alive. */
  readonly queries: Instance['queries']
}

export interface MemberWork {
  readonly member: GroupMetadata
  readonly tasks: readonly string[]
}

/** The connection of a member to the cluster, which sees what the group gives it and what it commits. */
export class MemberWatch {
  readonly #name: string
  readonly #world: Pick<ProcessWorld, 'connect' | 'transactions' | 'once'>
  #client: MemoryClient | undefined
  #groupMember: { groupMetadata(): GroupMetadata } | undefined
  /** Between an assignment and its end: otherwise the tasks that an eager client has left do nothing. */
  #assigned = false

  constructor(name: string, world: Pick<ProcessWorld, 'connect' | 'transactions' | 'once'>) {
    this.#name = name
    this.#world = world
  }

  /** The client of the member, which is watched. */
  connect(context: ClientContext): MemoryClient {
    this.#client = this.#world.connect(context)
    return this.#watchedClient(this.#client)
  }

  get eager(): boolean {
    return this.#client?.capabilities.rebalance === 'eager'
  }

  workOf(instance: Instance | undefined): MemberWork | undefined {
    if (!this.#assigned || instance === undefined || this.#groupMember === undefined) return undefined
    return { member: this.#groupMember.groupMetadata(), tasks: instance.tasks.map(({ name }) => name) }
  }

  /** Nothing that it has asked is answered any more. */
  crash(): void {
    this.#world.once?.fails(this.#name)
    this.#client?.crash()
  }

  /** No broker answers for so long. */
  disconnect(ms: number): void {
    this.#client?.disconnect(ms)
  }

  /**
   * It does nothing for so long. Of some calls nothing comes: in half of the cases all that are under way fail, in the others they are
   * carried out afterwards, as what a process had not sent when it was stopped.
   */
  standStill(ms: number): void {
    if (ms % 2 === 0) this.#client?.standStill(ms)
    else this.disconnect(ms)
  }

  #watchedClient(client: MemoryClient): MemoryClient {
    const groupConsumer = (options: GroupConsumerOptions) => {
      const member = client.groupConsumer(options)
      this.#groupMember = member
      this.#assigned = false
      const subscribe = (subscription: Subscription) =>
        member.subscribe({ ...subscription, listener: this.#followed(subscription.listener) })
      const seek = (position: TopicPartitionOffset) => {
        this.#world.transactions?.seeks(this.#name, position)
        member.seek(position)
      }
      const commit = (offsets: readonly CommittedOffset[]) => {
        const failed = this.#world.once?.commits(this.#name, offsets)
        const committing = member.commit(offsets)
        // Beside the promise that is returned, which must not take longer for being watched.
        committing.catch((error: unknown) => failed?.(isWithoutAnswer(error) ? 'perhaps' : 'no'))
        return committing
      }
      const joinStreamsGroup = (subscription: StreamsSubscription) =>
        member.joinStreamsGroup!({ ...subscription, listener: this.#followedTasks(subscription.listener) })
      const subscribing = withMethod(withMethod(member, 'subscribe', subscribe), 'joinStreamsGroup', joinStreamsGroup)
      return withMethod(withMethod(subscribing, 'seek', seek), 'commit', commit)
    }
    const producer = (options: ProducerOptions) => this.#watchedProducer(client.producer(options), options)
    return withMethod(withMethod(client, 'groupConsumer', groupConsumer), 'producer', producer)
  }

  #watchedProducer(producer: Producer, { transactionalId }: ProducerOptions): Producer {
    const { transactions } = this.#world
    if (transactions === undefined || transactionalId === undefined) return producer
    const init = async () => {
      await producer.init()
      transactions.begins(transactionalId)
    }
    const sendOffsets = async (offsets: readonly CommittedOffset[], group: GroupMetadata) => {
      await producer.sendOffsets(offsets, group)
      transactions.sends(this.#name, transactionalId, offsets)
    }
    return withMethod(withMethod(producer, 'init', init), 'sendOffsets', sendOffsets)
  }

  #followedTasks(listener: StreamsGroupListener): StreamsGroupListener {
    return {
      onAssigned: async (partitions, tasks) => {
        await listener.onAssigned(partitions, tasks)
        this.#assigned = true
      },
      onRevoked: partitions => listener.onRevoked(partitions),
      onLost: partitions => {
        this.#assigned = false
        this.#world.once?.fails(this.#name)
        return listener.onLost(partitions)
      },
      onEndpoints: endpoints => listener.onEndpoints(endpoints),
      onShutdown: () => listener.onShutdown(),
    }
  }

  #followed(listener: RebalanceListener): RebalanceListener {
    return {
      onAssigned: async (partitions, userData) => {
        await listener.onAssigned(partitions, userData)
        this.#assigned = true
      },
      onRevoked: partitions => {
        this.#assigned = !this.eager
        return listener.onRevoked(partitions)
      },
      onLost: partitions => {
        this.#assigned = false
        this.#world.once?.fails(this.#name)
        return listener.onLost(partitions)
      },
    }
  }
}

/** What was asked may have been carried out. Any other error is the broker's word that it was not. */
function isWithoutAnswer(error: unknown): boolean {
  return isMillraceError(error) && ['MILLRACE_CLIENT_TIMEOUT', 'MILLRACE_CLIENT_UNAVAILABLE'].includes(error.code)
}
