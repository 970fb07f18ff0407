import {
  type Admin,
  compileOperator,
  type Consumer,
  type FetchedBatch,
  type GlobalPlan,
  isMillraceError,
  type KafkaClient,
  millraceError,
  type OperatorEnv,
  type Plan,
  type ProcessorNode,
  readyAgain,
  type SourceNode,
  type TableStore,
  type TopicPartitionOffset,
} from '@millrace/core'
import type { ResolvedOptions } from '../config/options.ts'
import { globalThreadIdOf } from '../observe/client-id.ts'
import { Meters, type MetricReading, type Metrics } from '../observe/metrics.ts'
import { WaitingLine } from '../observe/waiting-line.ts'
import { RecordGivenUp } from '../policy/given-up.ts'
import { recordPolicy } from '../policy/record-policy.ts'
import type { RestoreListener } from '../observe/restore-listener.ts'
import { callScope } from '../task/call-scope.ts'
import type { ReadableGlobals } from '../task/readable-globals.ts'
import { RecordContext } from '../task/record-context.ts'
import { prepareStores } from '../task/prepare-serdes.ts'
import { RecordMeters } from '../task/record-meters.ts'
import { type CompiledSource, compileSource } from '../task/source.ts'
import { runAll, type UserHook, userHook } from '../task/user-hook.ts'
import type { OnlyKey } from '../state/buffer/store-output.ts'
import type { StoreView } from '../state/task-stores/store-view.ts'
import { GlobalRestore, type GlobalTopic } from './global-restore.ts'
import { readOnlyGlobal } from './read-only-global.ts'
import type { StateDirectory } from '../state/directory/state-directory.ts'
import { GLOBAL_DIRECTORY, globalDirectory } from '../state/directory/state-paths.ts'
import { TaskStores } from '../state/task-stores/task-stores.ts'

export interface GlobalStoresOptions {
  readonly plan: Plan
  readonly options: ResolvedOptions
  readonly client: KafkaClient
  readonly admin: Admin
  readonly directory: StateDirectory
  readonly listener: RestoreListener
  readonly metrics: Metrics
  readonly processId: string
  /** By topic. */
  readonly partitions: (topic: string) => number
}

const PATIENCE_MS = 100

/**
 * The global tables and stores of one instance: all partitions of their topics, outside the consumer group. They are brought
 * up to the ends of their topics before the first task runs, and further in each round of the instance. What is written
 * carries the positions that it stands for, so that a restart reads only what is new.
 */
export class GlobalStores implements ReadableGlobals {
  readonly #options: GlobalStoresOptions
  readonly #names: ReadonlySet<string>
  #open: OpenGlobals | undefined

  readonly #waiting: WaitingLine

  constructor(options: GlobalStoresOptions) {
    this.#options = options
    const { clock, logger } = options.options
    this.#waiting = new WaitingLine(clock, logger, 'global stores are waiting for the broker')
    this.#names = new Set(options.plan.globals.map(({ store }) => store))
  }

  has(name: string): boolean {
    return this.#names.has(name)
  }

  tableStore(name: string): Pick<TableStore, 'get'> {
    // Looked up at each reading: a rebuild puts others in their place.
    return { get: key => this.#open!.stores.tableStore(name).get(key) }
  }

  readOnlyStore(name: string): unknown {
    const { kind } = this.#options.plan.stores.find(store => store.name === name)!
    return readOnlyGlobal(name, kind, () => this.#open!.stores.entriesOf(name, this.#open!.context))
  }

  get readings(): readonly MetricReading[] {
    return this.#open?.readings() ?? []
  }

  /** Opens a store for queries; undefined before the stores are filled. */
  async view(name: string, only?: OnlyKey): Promise<GlobalView | undefined> {
    const open = this.#open
    if (open === undefined) return undefined
    const positions = open.positionsOf(name)
    return { positions, view: await open.stores.view(name, 'committed', only) }
  }

  /** What follows stores; undefined before they are filled. Their positions are those of several partitions. */
  get following(): Pick<TaskStores, 'follow'> | undefined {
    const open = this.#open
    if (open === undefined) return undefined
    return {
      async follow(store, follower) {
        const followed = await open.stores.follow(store, {
          committed: rows => follower.committed({ ...rows, position: undefined }),
          ended: () => follower.ended(),
        })
        return { ...followed, position: undefined, changelog: undefined }
      },
    }
  }

  /** Brings all of them up to the ends of their topics. May be called again after a failure. */
  async begin(signal: AbortSignal): Promise<void> {
    await this.close()
    if (this.#names.size > 0) this.#open = await openGlobals(this.#options, signal)
  }

  /** Takes over what has come since. True when there was anything. */
  async update(): Promise<boolean> {
    if (this.#open === undefined) return false
    try {
      const updated = await this.#open.update(0)
      if (updated) this.#waiting.over()
      return updated
    } catch (error) {
      if (!isMillraceError(error)) throw error
      if (error.code === 'MILLRACE_STORE_CORRUPT' || error.code === 'MILLRACE_OFFSET_OUT_OF_RANGE') {
        this.#options.options.logger.warn({ error }, 'rebuilding the global stores')
        await this.begin(new AbortController().signal)
        return true
      }
      if (error.kind !== 'retriable') throw error
      const ready = readyAgain(error)
      if (ready !== undefined) return await this.#after(ready)
      this.#waiting.waits(error)
      return false
    }
  }

  /** Waits for what a serde fetches. The records that need it are polled again. */
  async #after(ready: Promise<void>): Promise<boolean> {
    try {
      await ready
      return true
    } catch (error) {
      if (!isMillraceError(error, 'retriable')) throw error
      this.#waiting.waits(error)
      return false
    }
  }

  async close(): Promise<void> {
    const open = this.#open
    this.#open = undefined
    await open?.close()
  }
}

/** A global store as queries read it. */
export interface GlobalView {
  /** The next offset of each partition of its topic. */
  readonly positions: readonly TopicPartitionOffset[]
  readonly view: StoreView
}

interface OpenGlobals {
  readonly stores: TaskStores
  /** What the state on the backend includes of a store's topic: next offsets. */
  positionsOf(store: string): readonly TopicPartitionOffset[]
  readonly context: RecordContext
  readings(): readonly MetricReading[]
  update(maxWaitMs: number): Promise<boolean>
  close(): Promise<void>
}

async function openGlobals(setup: GlobalStoresOptions, signal: AbortSignal): Promise<OpenGlobals> {
  const { plan, options, client, admin, directory, listener } = setup
  const stores = await TaskStores.open({
    stores: plan.globals.map(({ store, topic }) => ({
      plan: plan.stores.find(({ name }) => name === store)!,
      changelogTopic: topic,
      changelogIsSource: true,
    })),
    partition: 0,
    persistent: options.store,
    directory: directory.taskDirectory(globalDirectory(directory.claims?.member)),
    logger: options.logger,
    threads: options.threads,
    recover: (path, cause) => directory.moveAside(path, cause),
  })
  const consumer = client.consumer({ isolationLevel: 'read_committed', maxPartitionBytes: 4 << 20 })
  const ends: UserHook[] = []
  const close = async () => {
    await runAll(ends.splice(0))
    await consumer.close()
    await stores.close()
  }
  try {
    const topics = plan.globals.map((global): GlobalTopic => {
      const copied = processorOf(plan, global).operator.type === 'tableSource'
      return { ...global, partitions: setup.partitions(global.topic), copied }
    })
    const restore = new GlobalRestore({
      topics,
      stores,
      consumer,
      admin,
      clock: options.clock,
      logger: options.logger,
      listener,
    })
    await prepareStores(stores.plans)
    await restore.copyTables(signal)
    const context = new RecordContext(GLOBAL_DIRECTORY, options.applicationId, policyOf(setup))
    await stores.start(context, () => undefined)
    const meters = metersOf(setup)
    const records = new RecordMeters(meters, context, () => options.clock.monotonic())
    const sources = await compileGlobals(setup, stores, context, records, ends)
    const update = async (maxWaitMs: number) => {
      context.wallTime = options.clock.now()
      return await takeOver({ consumer, stores, sources, restore, options, context }, maxWaitMs)
    }
    await consumer.assign(restore.positions)
    while (restore.unfinished.length > 0) {
      signal.throwIfAborted()
      await update(PATIENCE_MS)
    }
    const topicOf = new Map(plan.globals.map(({ store, topic }) => [store, topic]))
    const positionsOf = (store: string) => restore.positions.filter(({ topic }) => topic === topicOf.get(store))
    return { stores, context, readings: () => meters.readings(), update, positionsOf, close }
  } catch (error) {
    await close()
    throw error
  }
}

function metersOf({ options, processId, directory }: GlobalStoresOptions): Meters {
  const { applicationId, clock, metricsRecordingLevel: level } = options
  const tags = {
    'thread-id': globalThreadIdOf(applicationId, processId, directory.claims?.member),
    'task-id': GLOBAL_DIRECTORY,
  }
  return new Meters({ now: () => clock.monotonic(), level, tags: () => tags })
}

function policyOf({ options: { onBadRecord, logger, clock }, metrics }: GlobalStoresOptions) {
  return recordPolicy({
    onBadRecord,
    logger,
    metrics,
    clock,
    dropped: undefined,
    producer: undefined,
    deadLetterPartitions: 1,
    deadLetterBytes: Infinity,
    warned: new Map(),
  })
}

async function compileGlobals(
  { plan, options }: GlobalStoresOptions,
  stores: TaskStores,
  context: RecordContext,
  meters: RecordMeters,
  ends: UserHook[],
): Promise<ReadonlyMap<string, CompiledSource>> {
  const starts: UserHook[] = []
  const envOf = (global: GlobalPlan): OperatorEnv => ({
    node: processorOf(plan, global),
    context,
    forward: () => undefined,
    child: () => () => undefined,
    tableStore: name => stores.tableStore(name),
    windowStore: name => stores.windowStore(name),
    rangeStore: name => stores.rangeStore(name),
    orderedStore: name => stores.orderedStore(name),
    prefixStore: (name, lengthOf) => stores.prefixStore(name, lengthOf),
    globalStore: name => stores.tableStore(name),
    isGlobalStore: () => false,
    userStore: name => stores.entriesOf(name, context),
    schedule: () => {
      throw millraceError('MILLRACE_PUNCTUATION_GLOBAL', { operator: global.processor })
    },
    requestCommit: () => undefined,
    wallClock: () => options.clock.now(),
    monotonic: () => options.clock.monotonic(),
    emitIntervalMs: 0,
    closeTimes: new Map(),
    recordMetadata: () => context.metadata(),
    callScope,
    onAdvance: () => undefined,
    onHeldAsked: () => undefined,
    onInit: run => void starts.push(userHook(global.processor, 'init', run)),
    onClose: run => void ends.push(userHook(global.processor, 'close', run)),
    readsByKey: () => undefined,
    readsByPrefix: () => undefined,
    readsByWindow: () => undefined,
    inFlight: () => {
      throw new Error('the processor of a global store is no operator of a stream')
    },
  })
  const sources = plan.globals.map(global => {
    const node = sourceOf(plan, global)
    const forward = compileOperator(envOf(global))
    const closed = { keyUnopened: false, valueUnopened: false, timestampExtractor: undefined }
    return [global.topic, compileSource({ node, topic: global.topic, context, meters, forward, ...closed })] as const
  })
  context.clear(-1)
  for (const start of starts) await start()
  return new Map(sources)
}

interface Takeover {
  readonly consumer: Consumer
  readonly stores: TaskStores
  readonly sources: ReadonlyMap<string, CompiledSource>
  readonly restore: GlobalRestore
  readonly context: RecordContext
  readonly options: ResolvedOptions
}

async function takeOver(parts: Takeover, maxWaitMs: number): Promise<boolean> {
  const { consumer, stores, sources, restore, options, context } = parts
  const batches = await consumer.poll(maxWaitMs)
  if (batches.length === 0) return false
  const positions: TopicPartitionOffset[] = []
  try {
    for (const batch of batches) {
      await applyBatch(batch, sources.get(batch.topic)!, restore.positionOf(batch), context)
      positions.push({ topic: batch.topic, partition: batch.partition, offset: batch.nextOffset })
    }
  } catch (error) {
    // What was polled and not stored is polled again: a serde may have been waiting for something that is away.
    for (const { topic, partition } of batches) {
      consumer.seek({ topic, partition, offset: restore.positionOf({ topic, partition }) })
    }
    throw error
  }
  await stores.flush()
  await stores.persistAt(positions)
  await stores.settle()
  for (const [index, position] of positions.entries()) restore.advance(position, batches[index]!.recordCount)
  if (stores.bytes > options.stateBufferBytes / 4) stores.evict(options.stateBufferBytes / 8)
  return true
}

async function applyBatch(
  batch: FetchedBatch,
  source: CompiledSource,
  from: number,
  context: RecordContext,
): Promise<void> {
  const cursor = batch.cursor()
  while (cursor.advance()) {
    if (cursor.offset < from) continue
    try {
      const waiting = source.process(cursor, batch.partition, cursor.timestamp)
      if (waiting !== undefined) await waiting
      if (context.givenUp !== undefined) throw context.givenUp
    } catch (error) {
      leaveOut(source, error, context)
    }
    context.undo?.clear()
  }
}

/** Takes back what a record has done that is given up. */
function leaveOut({ node }: CompiledSource, error: unknown, context: RecordContext): void {
  const isBad = error instanceof RecordGivenUp
  if (!isBad && (context.isFatal(error) || !isMillraceError(error, 'record'))) throw error
  context.undo?.rollBack()
  context.givenUp = undefined
  if (isBad) context.giveUp(error.node, error.reason)
  else context.giveUp(node.name, error)
}

function processorOf(plan: Plan, { processor }: GlobalPlan): ProcessorNode {
  return plan.nodes.find(({ name }) => name === processor) as ProcessorNode
}

function sourceOf(plan: Plan, { source }: GlobalPlan): SourceNode {
  return plan.nodes.find(({ name }) => name === source) as SourceNode
}
