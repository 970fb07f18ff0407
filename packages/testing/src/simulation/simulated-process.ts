import type { MemoryClient } from '@millrace/client-memory'
import {
  type ClientContext,
  type CommittedOffset,
  type GroupConsumerOptions,
  type GroupMetadata,
  isMillraceError,
  type Logger,
  type ManualClock,
  type Plan,
  type Producer,
  type ProducerOptions,
  type RebalanceListener,
  type StreamsGroupListener,
  type StreamsSubscription,
  type Subscription,
  type TopicPartitionOffset,
} from '@millrace/core'
import { Instance, memberName, resolveOptions } from '@millrace/runtime'
import { MachineClock } from './machine-clock.ts'
import type { SimulatedDisk } from './simulated-disk.ts'
import { DEAD_LETTER_TOPIC, type DiskFate, type SimulationCase } from './simulation-case.ts'
import type { TransactionWatch } from './transaction-watch.ts'
import { SIMULATED_FAILURE } from './watched-plan.ts'
import { withMethod } from './with-method.ts'

/** What all processes of a run have in common. */
export interface ProcessWorld {
  readonly clock: ManualClock
  /** As the process of that name has it. */
  plan(process: string): Plan
  readonly setting: SimulationCase
  readonly caching: 'as-planned' | 'off'
  /** @default 5 000 */
  readonly stateCleanupDelayMs?: number
  connect(context: ClientContext): MemoryClient
  history(line: string): void
  /** Follows what is committed in transactions. */
  readonly transactions?: TransactionWatch
  /** Something that must not happen, whatever the faults. */
  violation(text: string): void
}

const nobody = () => undefined

/** A member that says nothing for so long is given up. */
export const SESSION_TIMEOUT_MS = 6000

/** Names the consumer group, too. */
export const APPLICATION_ID = 'app'

/**
 * A process of the application in virtual time, under a supervisor: it steps its instance without end, and is started again when
 * it ends by an error. Killing it leaves it wherever it is, between any two awaits.
 */
export class SimulatedProcess {
  /** Of the process; with a number behind it of a further member. */
  readonly name: string
  readonly #processName: string
  readonly #member: number
  readonly #threads: number
  readonly disk: SimulatedDisk
  readonly #world: ProcessWorld
  readonly #clock: MachineClock
  #life = 0
  #client: MemoryClient | undefined
  #groupMember: { groupMetadata(): GroupMetadata } | undefined
  #instance: Instance | undefined
  #stopping = new AbortController()
  #ended: Promise<void> | undefined
  #stillUntil = 0
  /** Between an assignment and its end: otherwise the tasks that an eager client has left do nothing. */
  #assigned = false

  /** @param member which of the `threads` members of the process this is, from 1; they share the disk, and end together */
  constructor(name: string, world: ProcessWorld, disk: SimulatedDisk, member = 1, threads = 1) {
    this.name = memberName(name, member)
    this.#processName = name
    this.#member = member
    this.#threads = threads
    this.#world = world
    this.disk = disk
    this.#clock = new MachineClock(world.clock)
  }

  /** Its client gives everything back before it joins its group. */
  get eager(): boolean {
    return this.#client?.capabilities.rebalance === 'eager'
  }

  get alive(): boolean {
    return this.#ended !== undefined
  }

  /** What it is doing as the member that it takes itself for; undefined when it is none. */
  get work(): { readonly member: GroupMetadata; readonly tasks: readonly string[] } | undefined {
    if (!this.alive || !this.#assigned || this.#instance === undefined || this.#groupMember === undefined)
      return undefined
    return { member: this.#groupMember.groupMetadata(), tasks: this.#instance.tasks.map(({ name }) => name) }
  }

  get standsStill(): boolean {
    return this.alive && this.#world.clock.monotonic() < this.#stillUntil
  }

  /** Answers queries of its stores while it is alive. */
  get queries(): Instance['queries'] {
    return this.alive ? this.#instance?.queries : undefined
  }

  start(): void {
    if (this.alive) return
    this.#stopping = new AbortController()
    this.#ended = this.#live(++this.#life, this.#stopping.signal)
  }

  /** As SIGKILL. All members of a process are killed together. */
  kill(disk: DiskFate): void {
    this.#vanish()
    this.disk.crash(disk)
  }

  /** As a thread that ends in the middle of its work. Its process starts another one. */
  crashThread(): void {
    this.#vanish()
    this.disk.crashMember(this.#member)
  }

  #vanish(): void {
    this.#life++
    this.#client?.crash()
    this.#ended = undefined
  }

  /** As SIGTERM: finishes, commits and leaves, in its own time. */
  stop(): void {
    this.#stopping.abort()
  }

  /** As SIGSTOP, and SIGCONT after `ms`: meanwhile it neither steps nor sends heartbeats. */
  standStill(ms: number): void {
    this.#stillUntil = this.#world.clock.monotonic() + ms
    this.#client?.disconnect(ms)
  }

  /** Its machine's time of day is set forward or back. It stays so when the process is started again. */
  stepWallClock(byMs: number): void {
    this.#clock.stepWallClock(byMs)
  }

  /** No broker answers for so long. */
  disconnect(ms: number): void {
    this.#client?.disconnect(ms)
  }

  async #live(life: number, stop: AbortSignal): Promise<void> {
    const { clock, history, setting } = this.#world
    while (this.#life === life && !stop.aborted) {
      const instance = this.#newInstance()
      this.#instance = instance
      let clean = true
      try {
        await instance.begin(stop)
        while (this.#life === life && !stop.aborted) {
          if (clock.monotonic() < this.#stillUntil) await clock.sleep(this.#stillUntil - clock.monotonic())
          // A round that had work does not wait, so it must not be followed by the next at once: time would stand still.
          else if (await instance.step(100)) await clock.sleep(1)
        }
      } catch (error) {
        if (this.#life !== life) return
        clean = false
        history(`${this.name} ends: ${String(error)}`)
        // Faults are retriable or fence; a process that ends by them was not made to withstand them.
        if (!isMillraceError(error, 'retriable') && !isSimulated(error))
          this.#world.violation(`${this.name} ended by ${String(error)}`)
      }
      if (this.#life !== life) return
      try {
        await instance.end({ clean, leave: setting.staticMembers !== true })
      } catch (error) {
        history(`${this.name} could not close cleanly: ${String(error)}`)
        if (clean && !isMillraceError(error, 'retriable', 'fenced') && !isSimulated(error))
          this.#world.violation(`${this.name} could not close: ${String(error)}`)
      }
      if (this.#life !== life) return
      this.#instance = undefined
      if (!stop.aborted) await clock.sleep(1000)
    }
    if (this.#life === life) this.#ended = undefined
  }

  /** What the process logs is part of the history. */
  #logger(): Logger {
    const log = (fields: Readonly<Record<string, unknown>>, message: string) => {
      const { error, ...others } = fields
      const why = error === undefined ? '' : `: ${error instanceof Error ? error.message : JSON.stringify(error)}`
      this.#world.history(`${this.name} ${message}${why} ${JSON.stringify(others)}`)
    }
    return { debug: nobody, info: log, warn: log, error: log }
  }

  #newInstance(): Instance {
    const { setting, caching, stateCleanupDelayMs } = this.#world
    const { guarantee, onBadRecord } = setting
    const options = resolveOptions({
      applicationId: APPLICATION_ID,
      processId: this.#processName,
      client: context => {
        this.#client = this.#world.connect(context)
        return this.#remembered(this.#client)
      },
      store: this.disk.backendOf(this.#member),
      processingGuarantee: guarantee,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      transactionTimeoutMs: 10_000,
      commitIntervalMs: guarantee === 'exactly_once' ? 100 : 500,
      onBadRecord: onBadRecord === 'dead-letter' ? { deadLetterTopic: DEAD_LETTER_TOPIC } : onBadRecord,
      caching,
      ...(setting.stateBufferBytes === undefined ? {} : { stateBufferBytes: setting.stateBufferBytes }),
      ...(setting.processingTimeoutMs === undefined ? {} : { processingTimeoutMs: setting.processingTimeoutMs }),
      ...(setting.idleAdvanceMs === undefined ? {} : { idleAdvanceMs: setting.idleAdvanceMs }),
      groupProtocol: setting.groupProtocol ?? 'classic',
      // The broker decides these in a streams group.
      ...(setting.groupProtocol === 'streams'
        ? {}
        : {
            numStandbyReplicas: setting.numStandbyReplicas ?? 0,
            acceptableRecoveryLag: setting.acceptableRecoveryLag ?? 10_000,
            probingRebalanceIntervalMs: 3000,
          }),
      repartitionPurgeIntervalMs: 300,
      ...(setting.staticMembers === true ? { groupInstanceId: this.#processName } : {}),
      stateCleanupDelayMs: stateCleanupDelayMs ?? 5000,
      clock: this.#clock,
      logger: this.#logger(),
    })
    const openDirectory = this.#threads === 1 ? this.disk.openDirectory : this.disk.openDirectoryOf(this.#member)
    return new Instance(this.#world.plan(this.name), options, { openDirectory })
  }

  /** The client, whose group member is remembered. */
  #remembered(client: MemoryClient): MemoryClient {
    const groupConsumer = (options: GroupConsumerOptions) => {
      const member = client.groupConsumer(options)
      this.#groupMember = member
      this.#assigned = false
      const subscribe = (subscription: Subscription) =>
        member.subscribe({ ...subscription, listener: this.#followed(subscription.listener) })
      const seek = (position: TopicPartitionOffset) => {
        this.#world.transactions?.seeks(this.name, position)
        member.seek(position)
      }
      const joinStreamsGroup = (subscription: StreamsSubscription) =>
        member.joinStreamsGroup!({ ...subscription, listener: this.#followedTasks(subscription.listener) })
      const subscribing = withMethod(withMethod(member, 'subscribe', subscribe), 'joinStreamsGroup', joinStreamsGroup)
      return withMethod(subscribing, 'seek', seek)
    }
    const producer = (options: ProducerOptions) => this.#watched(client.producer(options), options.transactionalId)
    return withMethod(withMethod(client, 'groupConsumer', groupConsumer), 'producer', producer)
  }

  #watched(producer: Producer, transactionalId: string | undefined): Producer {
    const { transactions } = this.#world
    if (transactions === undefined || transactionalId === undefined) return producer
    const init = async () => {
      await producer.init()
      transactions.begins(transactionalId)
    }
    const sendOffsets = async (offsets: readonly CommittedOffset[], group: GroupMetadata) => {
      await producer.sendOffsets(offsets, group)
      transactions.sends(this.name, transactionalId, offsets)
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
        return listener.onLost(partitions)
      },
    }
  }
}

/** Whether a simulated user function is at the bottom of it. */
function isSimulated(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause.message.includes(SIMULATED_FAILURE)) return true
    if (isMillraceError(cause) && cause.code === 'MILLRACE_PROCESSING_TIMEOUT') return true
  }
  return false
}
