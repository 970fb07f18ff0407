import {
  millraceError,
  type Admin,
  type ClientCapabilities,
  type ClientContext,
  type ClientFactory,
  type Consumer,
  type ConsumerOptions,
  type GroupConsumer,
  type GroupConsumerOptions,
  type KafkaClient,
  type Producer,
  type ProducerOptions,
  aFiniteNumber,
  aFunction,
  checkArguments,
  hasMethods,
  oneOf,
  optional,
  optionsOf,
} from '@millrace/core'
import type { MemoryCluster } from '../memory-cluster.ts'
import { closedError, type Closeable, type Connection } from './connection.ts'
import { MemoryAdmin } from './memory-admin.ts'
import { MemoryConsumer } from './memory-consumer.ts'
import { MemoryGroupConsumer } from './memory-group-consumer.ts'
import { MemoryProducer } from './memory-producer.ts'
import { MemoryStreamsConsumer } from './memory-streams-consumer.ts'

export interface MemoryClientOptions {
  /** What to pass for: a client that can do less behaves like one. @default 'group-metadata' */
  readonly transactions?: ClientCapabilities['transactions']
  /** @default 'cooperative' */
  readonly rebalance?: ClientCapabilities['rebalance']
  /**
   * How long after the group has decided something a member hears of it, as by its next heartbeat, in milliseconds. Who stood still for
   * longer than its session goes on for so long as if nothing had happened. @default 0: at its next poll
   */
  readonly hearsAfterMs?: number
  /** Asked for each heartbeat in a streams group: true loses its answer, with whatever is in it. @default none is lost */
  readonly losesHeartbeat?: () => boolean
  /** Asked for each batch: true loses the broker's answer, and the producer sends the batch again. @default none is lost */
  readonly losesProduceAnswer?: () => boolean
}

/** A client whose process can be made to die. */
export interface MemoryClient extends KafkaClient {
  /**
   * As SIGKILL: no call is answered from here on, not even those under way. Group members are silent until their session
   * times out, an open transaction until its own timeout or its successor. Never undone.
   */
  crash(): void
  /**
   * For `ms` milliseconds calls fail with MILLRACE_CLIENT_UNAVAILABLE and nobody heartbeats, so that members whose session
   * is shorter lose their places.
   */
  disconnect(ms: number): void
  /**
   * As SIGSTOP, and SIGCONT after `ms` milliseconds: nobody heartbeats, and calls are neither made nor answered until then. What was about to
   * be sent is sent afterwards.
   */
  standStill(ms: number): void
}

/**
 * A client of `cluster`. All clients of one cluster see the same topics, whichever factory they come from.
 *
 * @example
 * const cluster = new MemoryCluster({ clock: systemClock })
 * const client = memoryClient(cluster)({ clientId: 'shop', clock: systemClock, logger: console })
 */
export function memoryClient(
  cluster: MemoryCluster,
  options: MemoryClientOptions = {},
): (context: ClientContext) => MemoryClient {
  const arguments_ = [
    ['cluster', hasMethods('a MemoryCluster', 'createTopic', 'attach')],
    ['options', OPTIONS],
  ] as const
  checkArguments('memoryClient', arguments_, [cluster, options])
  const factory = (context: ClientContext): MemoryClient => {
    // Each thread has imported the module, and so has a cluster of its own.
    if (context.thread !== undefined)
      throw millraceError('MILLRACE_CLIENT_UNSUPPORTED', { client: 'memory', feature: 'threads above 1' })
    return new Client(cluster, options, context)
  }
  return factory satisfies ClientFactory
}

const OPTIONS = optionsOf({
  transactions: optional(oneOf('group-metadata', 'producer-per-task', 'none')),
  rebalance: optional(oneOf('cooperative', 'eager')),
  hearsAfterMs: optional(aFiniteNumber),
  losesHeartbeat: optional(aFunction),
  losesProduceAnswer: optional(aFunction),
})

class Client implements MemoryClient, Connection {
  readonly name = 'memory'
  readonly capabilities: ClientCapabilities
  readonly cluster: MemoryCluster
  readonly clientId: string
  readonly hearsAfterMs: number
  readonly losesHeartbeat: () => boolean
  readonly losesProduceAnswer: () => boolean
  crashed = false
  disconnected = false
  standsStill: Promise<void> | undefined
  readonly #opened = new Set<Closeable>()
  readonly #members = new Set<MemoryGroupConsumer | MemoryStreamsConsumer>()
  #disconnectedUntil = 0
  #stillUntil = 0
  #closed = false

  constructor(cluster: MemoryCluster, options: MemoryClientOptions, context: ClientContext) {
    this.cluster = cluster
    this.clientId = context.clientId
    this.hearsAfterMs = options.hearsAfterMs ?? 0
    this.losesHeartbeat = options.losesHeartbeat ?? (() => false)
    this.losesProduceAnswer = options.losesProduceAnswer ?? (() => false)
    this.capabilities = {
      transactions: options.transactions ?? 'group-metadata',
      deleteRecords: true,
      // Kept as they are: no reader can tell.
      compression: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
      staticMembership: true,
      // All is in one thread: while it is blocked, no session ends either.
      busyHeartbeats: true,
      rebalance: options.rebalance ?? 'cooperative',
      // Of a client that gives everything back at each rebalance there is no such thing.
      streamsGroups: (options.rebalance ?? 'cooperative') === 'cooperative',
      leaderEpochs: true,
    }
    cluster.attach(this)
  }

  admin(): Admin {
    return this.#open('admin', new MemoryAdmin(this))
  }

  consumer(options: ConsumerOptions): Consumer {
    return this.#open('consumer', new MemoryConsumer(this, options))
  }

  groupConsumer(options: GroupConsumerOptions): GroupConsumer {
    const streams = options.protocol === 'streams'
    const member = this.#open(
      'groupConsumer',
      streams ? new MemoryStreamsConsumer(this, options) : new MemoryGroupConsumer(this, options),
    )
    this.#members.add(member)
    return member
  }

  producer(options: ProducerOptions): Producer {
    const { transactionalId } = options
    if (transactionalId !== undefined && this.capabilities.transactions === 'none') throw this.#cannot('transactions')
    return this.#open('producer', new MemoryProducer(this, options))
  }

  forget(part: Closeable): void {
    this.#opened.delete(part)
    this.#members.delete(part as MemoryGroupConsumer)
  }

  crash(): void {
    this.crashed = true
    for (const member of this.#members) member.silence()
  }

  disconnect(ms: number): void {
    const { clock } = this.cluster
    const until = clock.monotonic() + ms
    this.#disconnectedUntil = Math.max(this.#disconnectedUntil, until)
    this.disconnected = true
    for (const member of this.#members) member.silence()
    void clock.sleep(ms).then(() => {
      if (this.crashed || this.#disconnectedUntil > until) return
      this.disconnected = false
      if (this.standsStill !== undefined) return
      for (const member of this.#members) member.revive()
    })
  }

  standStill(ms: number): void {
    const { clock } = this.cluster
    const until = clock.monotonic() + ms
    if (until <= this.#stillUntil) return
    this.#stillUntil = until
    for (const member of this.#members) member.silence()
    this.standsStill = clock.sleep(ms).then(() => {
      if (this.#stillUntil > until) return
      this.standsStill = undefined
      if (!this.crashed && !this.disconnected) for (const member of this.#members) member.revive()
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#opened].map(part => part.close()))
    this.#opened.clear()
    this.cluster.detach(this)
  }

  #open<T extends Closeable>(operation: string, part: T): T {
    if (this.#closed) throw closedError('client', operation)
    this.#opened.add(part)
    return part
  }

  #cannot(feature: string) {
    return millraceError('MILLRACE_CLIENT_UNSUPPORTED', { client: this.name, feature })
  }
}
