import type { Clock } from '@millrace/core'
import { connect } from '../net/connect.ts'
import type { Connection } from '../net/connection.ts'
import type { Security } from '../net/security.ts'
import type { Api } from '../protocol/api.ts'
import { findCoordinatorApi } from '../protocol/messages/find-coordinator.ts'
import { metadataApi, type MetadataResponse } from '../protocol/messages/metadata.ts'
import { WireError } from '../protocol/wire-error.ts'
import { checkCode, errorNameOf, isKafkaError, KafkaError, type KafkaErrorName } from './kafka-error.ts'
import { type BrokerAddress, Metadata, NO_TOPIC_ID } from './metadata.ts'

export interface ClusterOptions {
  readonly bootstrap: readonly BrokerAddress[]
  readonly clientId: string
  readonly security: Security
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly clock: Clock
  /** The principal under which brokers know this client. */
  readonly principal: () => string
}

/** What a connection is for: what waits on one at the broker must not hold up the others. */
export type Purpose = string

/** For everything that a broker answers at once. */
export const GENERAL: Purpose = 'general'

export type CoordinatorKind = 'group' | 'transaction'
const KEY_TYPES: Readonly<Record<CoordinatorKind, number>> = { group: 0, transaction: 1 }
/** How long requests that any broker answers are tried while none does. */
const UNREACHABLE_MS = 2_500
/** How long what another broker will answer in a moment is tried. */
const NOT_YET_MS = 15_000
const FIRST_RETRY_MS = 30
const LAST_RETRY_MS = 500

interface Pooled {
  readonly address: BrokerAddress
  readonly connection: Promise<Connection>
}

/** The brokers, as one client sees them: connections, leaders and coordinators. */
export class Cluster {
  readonly metadata = new Metadata()
  readonly requestTimeoutMs: number
  readonly #options: ClusterOptions
  readonly #pool = new Map<string, Pooled>()
  readonly #coordinators = new Map<string, number>()
  readonly #refreshing = new Map<string, Promise<ReadonlyMap<string, KafkaErrorName>>>()
  readonly #open = new Set<Connection>()
  #closed = false

  constructor(options: ClusterOptions) {
    this.#options = options
    this.requestTimeoutMs = options.requestTimeoutMs
  }

  /** For errors. */
  get principal(): string {
    return this.#options.principal()
  }

  /** Sends to whichever broker answers: those that are known, then those of the configuration. */
  async any<Request, Response>(api: Api<Request, Response>, request: Request): Promise<Response> {
    const connection = await this.anyConnection()
    return connection.send(api, request, { timeoutMs: this.requestTimeoutMs })
  }

  async anyConnection(): Promise<Connection> {
    const known = [...this.metadata.brokers.keys()]
    const open = known.filter(nodeId => this.#pool.has(`${nodeId}/${GENERAL}`))
    let failure: unknown
    for (const nodeId of [...open, ...shuffled(known.filter(nodeId => !open.includes(nodeId)))]) {
      try {
        return await this.connection(nodeId, GENERAL)
      } catch (error) {
        failure = error
        if (isHopeless(error)) throw error
      }
    }
    // All that were known are gone, or none were known yet (KIP-899).
    for (const address of this.#options.bootstrap) {
      try {
        return await this.#pooled(`${address.host}:${address.port}`, GENERAL, address)
      } catch (error) {
        failure = error
        if (isHopeless(error)) throw error
      }
    }
    throw failure
  }

  async node<Request, Response>(
    nodeId: number,
    purpose: Purpose,
    api: Api<Request, Response>,
    request: Request,
    timeoutMs: number = this.requestTimeoutMs,
  ): Promise<Response> {
    const connection = await this.connection(nodeId, purpose)
    return connection.send(api, request, { timeoutMs })
  }

  /** @throws WireError `unreachable` also where the broker is not known */
  async connection(nodeId: number, purpose: Purpose): Promise<Connection> {
    const address = this.metadata.brokers.get(nodeId)
    if (address === undefined) throw new WireError('unreachable', `Broker ${nodeId} is not known`)
    return this.#pooled(nodeId, purpose, address)
  }

  /** Ends the connections that only one user has had. */
  release(purpose: Purpose): void {
    for (const [key, { connection }] of this.#pool) {
      if (!key.endsWith(`/${purpose}`)) continue
      this.#pool.delete(key)
      connection.then(
        open => open.close(),
        () => undefined,
      )
    }
  }

  /**
   * Asks for the leaders of topics. Topics that fail are in the answer.
   *
   * @throws WireError, KafkaError when nothing could be asked
   */
  async refresh(topics: readonly string[]): Promise<ReadonlyMap<string, KafkaErrorName>> {
    const key = [...topics].sort().join(',')
    const running = this.#refreshing.get(key)
    if (running !== undefined) return running
    const refresh = this.#refresh(topics).finally(() => this.#refreshing.delete(key))
    this.#refreshing.set(key, refresh)
    return refresh
  }

  /** Topics, or all of them, as one broker sees them; nothing of it is remembered. */
  async describe(topics: readonly string[] | null, nodeId?: number): Promise<MetadataResponse> {
    const request = {
      topics: topics?.map(name => ({ name, topicId: NO_TOPIC_ID })) ?? null,
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: false,
    }
    let response =
      nodeId === undefined
        ? await this.any(metadataApi, request)
        : await this.node(nodeId, GENERAL, metadataApi, request)
    if (errorNameOf(response.errorCode) === 'REBOOTSTRAP_REQUIRED') {
      this.#forgetAll()
      response = await this.any(metadataApi, request)
    }
    checkCode(response.errorCode)
    return response
  }

  /** A new leader and where it is, as the answer to a refused request tells. */
  learnLeader(
    topic: string,
    partition: number,
    { leaderId, leaderEpoch }: { readonly leaderId: number; readonly leaderEpoch: number },
    endpoints: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[],
  ): boolean {
    for (const { nodeId, host, port } of endpoints) {
      if (!this.metadata.brokers.has(nodeId)) this.metadata.brokers.set(nodeId, { host, port })
    }
    return this.metadata.learnLeader(topic, partition, leaderId, leaderEpoch)
  }

  async coordinator(kind: CoordinatorKind, key: string): Promise<number> {
    const cached = this.#coordinators.get(`${kind}/${key}`)
    if (cached !== undefined && this.metadata.brokers.has(cached)) return cached
    const keyType = KEY_TYPES[kind]
    const connection = await this.anyConnection()
    const several = connection.versionOf(findCoordinatorApi) >= 4
    const request = several ? { keyType, coordinatorKeys: [key] } : { keyType, key }
    const answer = await connection.send(findCoordinatorApi, request, { timeoutMs: this.requestTimeoutMs })
    const found = several ? answer.coordinators[0] : answer
    if (found === undefined) throw new WireError('malformed', 'FindCoordinator was answered without a coordinator')
    checkCode(found.errorCode, found.errorMessage)
    this.metadata.brokers.set(found.nodeId, { host: found.host, port: found.port })
    this.#coordinators.set(`${kind}/${key}`, found.nodeId)
    return found.nodeId
  }

  forgetCoordinator(kind: CoordinatorKind, key: string): void {
    this.#coordinators.delete(`${kind}/${key}`)
  }

  /**
   * Does `work` again until it succeeds, as long as its failures are such that another attempt helps. A coordinator that
   * failed is looked for again.
   */
  async retrying<T>(
    work: () => Promise<T>,
    { notYetMs = NOT_YET_MS, unreachableMs = UNREACHABLE_MS, coordinator, giveUp }: RetryOptions = {},
  ): Promise<T> {
    const { clock } = this.#options
    const began = clock.monotonic()
    for (let attempt = 0; ; attempt++) {
      try {
        return await work()
      } catch (error) {
        if (coordinator !== undefined && isAboutCoordinator(error)) this.forgetCoordinator(...coordinator)
        const allowance = allowanceFor(error, notYetMs, unreachableMs)
        if (this.#closed || giveUp?.(error) === true || clock.monotonic() - began >= allowance) throw error
        await clock.sleep(Math.min(FIRST_RETRY_MS * 2 ** attempt, LAST_RETRY_MS))
      }
    }
  }

  close(): void {
    this.#closed = true
    for (const connection of this.#open) connection.close()
    this.#pool.clear()
  }

  async #refresh(topics: readonly string[]): Promise<ReadonlyMap<string, KafkaErrorName>> {
    const response = await this.describe(topics)
    return this.metadata.take(response)
  }

  /** The brokers that are known serve this client no longer: those of the configuration are asked who does (KIP-1102). */
  #forgetAll(): void {
    this.metadata.brokers.clear()
    this.#coordinators.clear()
    this.#pool.clear()
    for (const connection of this.#open) connection.close()
  }

  async #pooled(node: number | string, purpose: Purpose, address: BrokerAddress): Promise<Connection> {
    if (this.#closed) throw new WireError('closed', 'The client was closed')
    const key = `${node}/${purpose}`
    const pooled = this.#pool.get(key)
    if (pooled !== undefined) {
      const connection = await pooled.connection
      const isSame = pooled.address.host === address.host && pooled.address.port === address.port
      if (connection.isOpen && isSame && performance.now() < connection.expiresAt) return connection
      // Somebody else may have replaced it meanwhile.
      if (this.#pool.get(key) === pooled) this.#pool.delete(key)
      if (connection.isOpen) closeWhenIdle(connection)
      return this.#pooled(node, purpose, address)
    }
    const connection = this.#connect(address)
    const entry = { address, connection }
    this.#pool.set(key, entry)
    const remove = (): void => {
      if (this.#pool.get(key) === entry) this.#pool.delete(key)
    }
    connection.then(
      open => open.onClose(remove),
      () => remove(),
    )
    return connection
  }

  async #connect({ host, port }: BrokerAddress): Promise<Connection> {
    const { clientId, security, connectTimeoutMs, requestTimeoutMs } = this.#options
    const connection = await connect({ host, port, clientId, security, connectTimeoutMs, requestTimeoutMs })
    if (this.#closed) {
      connection.close()
      throw new WireError('closed', 'The client was closed')
    }
    this.#open.add(connection)
    connection.onClose(() => this.#open.delete(connection))
    return connection
  }
}

export interface RetryOptions {
  /** How long what another broker will answer is tried, in milliseconds. */
  readonly notYetMs?: number
  /** How long is tried while no broker answers. */
  readonly unreachableMs?: number
  /** Whom the work asks. */
  readonly coordinator?: readonly [CoordinatorKind, string]
  /** Whether an error that would otherwise be tried again is for the caller. */
  readonly giveUp?: (error: unknown) => boolean
}

/** How long an error may be answered with another attempt. */
function allowanceFor(error: unknown, notYetMs: number, unreachableMs: number): number {
  if (error instanceof KafkaError) return error.retriable ? notYetMs : 0
  if (error instanceof WireError) return error.reason === 'unreachable' ? unreachableMs : 0
  return 0
}

function isAboutCoordinator(error: unknown): boolean {
  if (error instanceof WireError) return true
  return isKafkaError(error, 'NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE', 'COORDINATOR_LOAD_IN_PROGRESS')
}

/** Another broker would refuse as well. */
function isHopeless(error: unknown): boolean {
  return error instanceof WireError && (error.reason === 'refused' || error.reason === 'closed')
}

function closeWhenIdle(connection: Connection): void {
  if (connection.inFlight === 0) return connection.close()
  setTimeout(() => closeWhenIdle(connection), 1_000).unref()
}

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map(value => ({ value, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ value }) => value)
}
