import {
  FetchConsumer,
  HangingTransactions,
  millraceError,
  PollLoop,
  type Admin,
  type ClientCapabilities,
  type ClientContext,
  type ClientFactory,
  type CompressionCodec,
  type Consumer,
  type ConsumerOptions,
  type GroupConsumer,
  type GroupConsumerOptions,
  type KafkaClient,
  type Producer,
  type ProducerOptions,
} from '@millrace/core'
import { WireAdmin } from './admin/wire-admin.ts'
import { checkOptions } from './check-options.ts'
import { Cluster } from './cluster/cluster.ts'
import type { BrokerAddress } from './cluster/metadata.ts'
import { PartitionFetcher } from './fetch/partition-fetcher.ts'
import type { BusyHeartbeats } from './group/busy-heartbeat.ts'
import { wireGroupConsumer } from './group/wire-group-consumer.ts'
import type { SaslOptions, Security } from './net/security.ts'
import { TokenSource } from './net/token-source.ts'
import { principalOf } from './principal.ts'
import { transactionRequests } from './produce/transaction-requests.ts'
import { WireProducer } from './produce/wire-producer.ts'

/** The options of `kafka()`. */
export interface KafkaOptions {
  /** The bootstrap brokers, `host:port`, as a list or separated by commas. */
  readonly brokers: string | readonly string[]
  /** The client id that brokers see. @default the applicationId and the id of the process */
  readonly clientId?: string
  /**
   * TLS: true to use the system's certificate authorities, or options of Node's `tls.connect` such as `ca`, `cert` and `key`.
   * @default no TLS
   */
  readonly tls?: Security['tls']
  /** @default no authentication */
  readonly sasl?: SaslOptions
  /**
   * The rack of this process, as in `broker.rack`: fetches go to a replica in this rack instead of the leader.
   * @default none
   */
  readonly rack?: string
  /** The connection timeout for each broker address, in milliseconds. @default 5 000 */
  readonly connectTimeoutMs?: number
  /** The request timeout, in milliseconds. @default 30 000 */
  readonly requestTimeoutMs?: number
}

const CODECS: readonly CompressionCodec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

/**
 * Returns Millrace's own Kafka client. It requires Kafka 2.8 or later.
 *
 * @throws MILLRACE_CONFIG_INVALID naming an option that is wrong or does not exist
 * @example
 * new KafkaStreams(topology, { applicationId: 'word-count', client: kafka({ brokers: 'localhost:9092' }) })
 */
export function kafka(options: KafkaOptions): ClientFactory {
  const bootstrap = checkOptions(options)
  return context => new WireClient(options, bootstrap, context)
}

class WireClient implements KafkaClient {
  readonly name = 'kafka'
  readonly #cluster: Cluster
  readonly #brokers: string
  readonly #context: ClientContext
  readonly #rack: string
  readonly #heartbeats: BusyHeartbeats | undefined
  readonly #hanging: HangingTransactions
  readonly #opened = new Set<{ close(): Promise<void> }>()
  #count = 0

  constructor(options: KafkaOptions, bootstrap: readonly BrokerAddress[], context: ClientContext) {
    const { clientId = context.clientId, tls, sasl, connectTimeoutMs = 5_000, requestTimeoutMs = 30_000 } = options
    this.#context = context
    this.#brokers = bootstrap.map(({ host, port }) => `${host}:${port}`).join(',')
    this.#rack = options.rack ?? ''
    const tokens = sasl?.mechanism === 'oauthbearer' ? new TokenSource(sasl.token) : undefined
    const used: SaslOptions | undefined = tokens ? { mechanism: 'oauthbearer', token: () => tokens.next() } : sasl
    this.#cluster = new Cluster({
      bootstrap,
      clientId,
      security: { ...(tls !== undefined && { tls }), ...(used && { sasl: used }) },
      connectTimeoutMs,
      requestTimeoutMs,
      clock: context.clock,
      principal: () => principalOf({ tls: tls ?? false, ...(sasl && { sasl }) }, tokens?.latest),
    })
    this.#hanging = new HangingTransactions(transactionRequests(this.#cluster), context.clock)
    const security = { tls, sasl: sasl?.mechanism === 'oauthbearer' ? ('oauthbearer' as const) : sasl }
    const { logger } = context
    const obstacle = cannotBeCopied(security)
    if (obstacle === undefined) {
      const onToken: BusyHeartbeats['onToken'] = callback => tokens?.onToken(callback) ?? (() => {})
      this.#heartbeats = { clientId, security, connectTimeoutMs, requestTimeoutMs, logger, onToken }
    } else {
      logger.warn({ obstacle }, 'heartbeats depend on the main thread: the TLS options contain a function')
    }
  }

  get capabilities(): ClientCapabilities {
    return {
      transactions: 'group-metadata',
      deleteRecords: true,
      compression: CODECS,
      staticMembership: true,
      busyHeartbeats: this.#heartbeats !== undefined,
      rebalance: 'cooperative',
      streamsGroups: true,
      leaderEpochs: true,
    }
  }

  admin(): Admin {
    return this.#open(new WireAdmin(this.#cluster, this.#brokers, this.#context.clock))
  }

  consumer({ isolationLevel, maxPartitionBytes = 1024 * 1024 }: ConsumerOptions): Consumer {
    const { closed, ...shared } = this.#shared('consumer')
    const loop = new PollLoop(shared.clock)
    const readCommitted = isolationLevel === 'read_committed'
    const fetcher = new PartitionFetcher({ ...shared, loop, rack: this.#rack, readCommitted, maxPartitionBytes })
    return this.#open(new FetchConsumer({ loop, fetcher, closed }))
  }

  groupConsumer(options: GroupConsumerOptions): GroupConsumer {
    const context = { ...this.#shared('group'), rack: this.#rack, heartbeats: this.#heartbeats }
    return this.#open(wireGroupConsumer(context, options))
  }

  producer(options: ProducerOptions): Producer {
    const { compression = 'none' } = options
    if (!CODECS.includes(compression)) {
      throw millraceError('MILLRACE_CLIENT_UNSUPPORTED', {
        client: this.name,
        feature: `compression with ${compression}`,
      })
    }
    return this.#open(new WireProducer({ ...this.#shared('producer'), hanging: this.#hanging }, options))
  }

  async close(): Promise<void> {
    await Promise.all([...this.#opened].map(each => each.close()))
    this.#opened.clear()
    this.#cluster.close()
  }

  /** Every user has connections of its own where it may have to wait. */
  #shared(user: string) {
    const { clock } = this.#context
    return {
      cluster: this.#cluster,
      clock,
      brokers: this.#brokers,
      purpose: `${user}-${++this.#count}`,
      closed: this.#closed,
    }
  }

  /** What is closed is not kept: while a broker is away, producers are made and thrown away for as long as that takes. */
  readonly #closed = (part: object): void => void this.#opened.delete(part as { close(): Promise<void> })

  #open<T extends { close(): Promise<void> }>(opened: T): T {
    this.#opened.add(opened)
    return opened
  }
}

/** Why something cannot be handed to another thread; undefined when it can. */
function cannotBeCopied(value: unknown): string | undefined {
  try {
    structuredClone(value)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
