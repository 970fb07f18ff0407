import {
  HangingTransactions,
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
} from '@millrace/core'
import type { Kafka, KafkaConfig } from 'kafkajs'
import { KafkajsAdminPort } from './admin.ts'
import type { BusyHeartbeats } from './busy-heartbeat.ts'
import { ClusterLink } from './cluster-link.ts'
import { brokerList, checkOptions } from './checked-options.ts'
import { availableCodecs } from './compression.ts'
import { ownSasl, portableConfig } from './connection-settings.ts'
import { groupConsumer } from './group-consumer.ts'
import { heartbeatWorkerFile } from './heartbeat-worker-file.ts'
import { letRequestQueuesIdle } from './idle-request-queue.ts'
import { kafkaLog } from './kafka-log.ts'
import { kafkajsPackage } from './kafkajs-package.ts'
import { manualConsumer } from './manual-consumer.ts'
import { OpenSockets } from './open-sockets.ts'
import { KafkajsProducerPort } from './producer.ts'
import type { OwnKafka, Surroundings } from './surroundings.ts'
import { TokenRelay } from './token-relay.ts'
import { transactionRequests } from './transaction-requests.ts'
import { REQUEST_TIMEOUT_MS } from './translate-error.ts'

/** The options of `kafkajs()`: the options of kafkajs, or an existing `Kafka` instance of kafkajs. */
export type KafkajsOptions = KafkajsConnection | KafkajsInstance

export interface KafkajsConnection extends Pick<
  KafkaConfig,
  'ssl' | 'sasl' | 'clientId' | 'authenticationTimeout' | 'reauthenticationThreshold' | 'socketFactory' | 'retry'
> {
  /** The bootstrap brokers, `host:port`, as a list or separated by commas. */
  readonly brokers: string | readonly string[]
  /** The connection timeout, in milliseconds. @default 3 000 */
  readonly connectionTimeout?: number
  /** The request timeout, in milliseconds. @default 30 000 */
  readonly requestTimeout?: number
}

export interface KafkajsInstance {
  /** An existing instance. Its own settings apply, including logging and retries. */
  readonly kafka: Kafka
}

/**
 * Returns a client that uses kafkajs, for applications that already use kafkajs. The package `kafkajs` must be installed.
 * @throws MILLRACE_CONFIG_INVALID, MILLRACE_CLIENT_PACKAGE_MISSING
 *
 * @example
 * new KafkaStreams(topology, { applicationId: 'word-count', client: kafkajs({ brokers: 'localhost:9092' }) })
 */
export function kafkajs(options: KafkajsOptions): ClientFactory {
  kafkajsPackage()
  checkOptions(options)
  return context => new KafkajsClient(options, context)
}

/** About two seconds: then the caller hears of it, and decides. */
const RETRY = { initialRetryTime: 100, maxRetryTime: 1_000, multiplier: 2, factor: 0.2, retries: 4 }

class KafkajsClient implements KafkaClient {
  readonly name = 'kafkajs'
  readonly #surroundings: Surroundings
  /** Of a `Kafka` that was given, they are not ours. */
  readonly #sockets = new Set<OpenSockets>()
  readonly #heartbeats: BusyHeartbeats | undefined
  /** All producers ask over one connection. */
  #hanging: HangingTransactions | undefined
  /** Topics that have refused something lately. */
  readonly #suspects = new Set<string>()
  readonly #opened = new Set<{ close(): Promise<void> }>()

  constructor(options: KafkajsOptions, context: ClientContext) {
    void letRequestQueuesIdle()
    const { clock, logger } = context
    // While a broker is away, producers are made and thrown away for as long as that takes.
    const closed = (part: object): void => void this.#opened.delete(part as { close(): Promise<void> })
    if ('kafka' in options) {
      const { kafka } = options
      this.#surroundings = {
        kafka,
        brokers: 'the brokers of the given Kafka instance',
        clock,
        requestTimeoutMs: REQUEST_TIMEOUT_MS,
        ownKafka: () => ({ kafka, cut: () => undefined, mayProduce: () => undefined, close: () => undefined }),
        closed,
      }
      logger.warn(
        {},
        'heartbeats depend on the main thread: a Kafka instance cannot be sent to the heartbeat worker; pass its options to kafkajs() instead',
      )
      return
    }
    const { brokers, connectionTimeout = 3_000, requestTimeout = REQUEST_TIMEOUT_MS, ...rest } = options
    const list = brokerList(brokers)
    const relay = new TokenRelay()
    const sasl = rest.sasl === undefined ? undefined : ownSasl(rest.sasl, relay.pass)
    const connection = { clientId: context.clientId, ...rest, brokers: list, connectionTimeout, requestTimeout }
    this.#heartbeats = heartbeatsWith({ ...connection, ...(sasl && { sasl }) }, relay, context)
    const { Kafka: KafkaOfKafkajs, logLevel } = kafkajsPackage()
    const logCreator = kafkaLog(logger, clock)
    const ownKafka = (): OwnKafka => {
      const sockets = new OpenSockets(requestTimeout, rest.socketFactory)
      this.#sockets.add(sockets)
      const kafka = new KafkaOfKafkajs({
        retry: RETRY,
        ...connection,
        ...(sasl && { sasl }),
        socketFactory: sockets.factory,
        logLevel: logLevel.INFO,
        logCreator,
      })
      const close = (): void => {
        sockets.close()
        this.#sockets.delete(sockets)
      }
      return { kafka, cut: () => sockets.cut(), mayProduce: asked => (sockets.mayProduce = asked), close }
    }
    const { kafka } = ownKafka()
    this.#surroundings = { kafka, brokers: list.join(','), clock, requestTimeoutMs: requestTimeout, ownKafka, closed }
  }

  get capabilities(): ClientCapabilities {
    return {
      transactions: 'producer-per-task',
      deleteRecords: true,
      compression: availableCodecs(),
      staticMembership: false,
      busyHeartbeats: this.#heartbeats !== undefined,
      rebalance: 'cooperative',
      streamsGroups: false,
      leaderEpochs: false,
    }
  }

  admin(): Admin {
    return this.#open(new KafkajsAdminPort(this.#surroundings))
  }

  consumer(options: ConsumerOptions): Consumer {
    return this.#open(manualConsumer(this.#surroundings, options))
  }

  groupConsumer(options: GroupConsumerOptions): GroupConsumer {
    if (options.groupInstanceId !== undefined) throw unsupported('static membership (groupInstanceId)')
    return this.#open(groupConsumer(this.#surroundings, options, this.#heartbeats))
  }

  producer(options: ProducerOptions): Producer {
    const { compression = 'none' } = options
    if (!availableCodecs().includes(compression)) throw unsupported(`compression with ${compression}`)
    const { kafka, clock, requestTimeoutMs } = this.#surroundings
    this.#hanging ??= new HangingTransactions(
      transactionRequests(this.#open(new ClusterLink(kafka, requestTimeoutMs))),
      clock,
    )
    const shared = { hanging: this.#hanging, suspects: this.#suspects }
    return this.#open(new KafkajsProducerPort(this.#surroundings, options, shared))
  }

  async close(): Promise<void> {
    await Promise.all([...this.#opened].map(each => each.close()))
    this.#opened.clear()
    for (const sockets of this.#sockets) sockets.close()
    this.#sockets.clear()
  }

  #open<T extends { close(): Promise<void> }>(opened: T): T {
    this.#opened.add(opened)
    return opened
  }
}

function heartbeatsWith(config: KafkaConfig, relay: TokenRelay, { logger }: ClientContext): BusyHeartbeats | undefined {
  const worker = heartbeatWorkerFile(import.meta.url)
  if (worker === undefined) {
    logger.warn(
      {},
      'heartbeats depend on the main thread: the bundle does not contain the file of the heartbeat worker; exclude @millrace/client-kafkajs from the bundle (mark it as external), or let no record take longer than the session',
    )
    return undefined
  }
  const portable = portableConfig(config)
  if ('obstacle' in portable) {
    logger.warn(
      { obstacle: portable.obstacle },
      'heartbeats depend on the main thread: the configuration cannot be sent to the heartbeat worker',
    )
    return undefined
  }
  const { sasl } = config
  if (!portable.needsTokens || sasl === undefined || !('oauthBearerProvider' in sasl)) {
    return { config: portable.config, logger, worker }
  }
  return { config: portable.config, logger, worker, tokens: { relay, make: () => sasl.oauthBearerProvider() } }
}

function unsupported(feature: string) {
  return millraceError('MILLRACE_CLIENT_UNSUPPORTED', { client: 'kafkajs', feature })
}
