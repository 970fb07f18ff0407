import {
  type Admin,
  isAtLeast,
  type KafkaClient,
  millraceError,
  type PartitionFailure,
  type PartitionResult,
  type Plan,
  type Position,
  QueryResult,
  topicNaming,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@millrace/core'
import type { ResolvedOptions } from '../config/options.ts'
import type { GlobalStores } from '../globals/global-stores.ts'
import type { StandbyTasks } from '../restore/standby-tasks.ts'
import type { OnlyKey } from '../state/buffer/store-output.ts'
import type { TaskStores } from '../state/task-stores/task-stores.ts'
import type { StoreView } from '../state/task-stores/store-view.ts'
import type { Task } from '../task/task.ts'
import type { TaskSet } from '../task/task-set.ts'
import { taskName } from '../task-id.ts'
import type { StoreLag } from './key-metadata.ts'
import { changedKeys } from './live/changed-keys.ts'
import type { ChangeListener } from './live/committed-queue.ts'
import { type FollowedRows, type FollowRequest, followRows } from './live/followed-rows.ts'
import {
  boundMessage,
  failure,
  failureOf,
  NOT_YET,
  notInTime,
  type PassingFailure,
  passing,
  standbyUncommitted,
  unknownType,
} from './partition-failures.ts'
import { type CheckedRequest, checkRequest, type QueryIsolation, type QueryRequest, storeOf } from './query-request.ts'
import { onlyKeyOf, readerOf } from './read-view.ts'
import type { QueryTurns } from './query-turns.ts'
import { StandbyPositions } from './standby-positions.ts'
import { storeLags } from './store-lags.ts'
import { StorePartitions } from './store-partitions.ts'
import { topicRoutes } from './topic-routes.ts'
import { followUpstream } from './upstream-wait.ts'
import { whenReady } from './when-ready.ts'
import { windowEnds } from './window-ends.ts'

export interface LocalQueriesOptions {
  readonly plan: () => Plan
  readonly options: ResolvedOptions
  readonly client: Pick<KafkaClient, 'consumer'>
  readonly admin: Admin
  readonly tasks: Pick<TaskSet, 'running' | 'ids' | 'opening'>
  readonly standbys: Pick<StandbyTasks, 'ids' | 'view' | 'changelogs'>
  readonly globals: Pick<GlobalStores, 'has' | 'view' | 'following'>
  /** Partition counts by real name. */
  readonly partitions: ReadonlyMap<string, number>
  readonly turns: Pick<QueryTurns, 'asked' | 'reading'>
}

type Outcome = PartitionResult<unknown>

/** A partition of a store, open for reading as of one moment. */
export interface OpenPartition {
  readonly view: StoreView
  readonly position: Position
  readonly source: 'active' | 'standby' | 'global'
}

/** How a partition is opened. */
export type Opening = Pick<CheckedRequest, 'store' | 'isolation' | 'standbys' | 'maxLag' | 'position'> & {
  readonly only: OnlyKey | undefined
}

/** What opens the partitions of stores for reading. */
export interface StoreParts {
  /** By partition, all that the store has: open as of one moment each, or why not. */
  openAll(opening: Opening): Promise<readonly (OpenPartition | PartitionFailure)[]>
}

type Opened = OpenPartition | PassingFailure

/** A partition is looked at again so often while a query waits for its position. */
const LOOK_EVERY_MS = 5

/** Answers queries from the stores of one instance. Reads are done beside the processing of records, from snapshots. */
export class LocalQueries implements StoreParts {
  readonly partitions: StorePartitions
  readonly #with: LocalQueriesOptions
  readonly #standbyPositions: StandbyPositions

  constructor(options: LocalQueriesOptions) {
    this.#with = options
    const { plan, admin, globals, partitions } = options
    const { applicationId, clock } = options.options
    this.partitions = new StorePartitions({ plan, applicationId, globals, partitions })
    this.#standbyPositions = new StandbyPositions({ plan, applicationId, admin, clock })
  }

  /** @throws MILLRACE_QUERY_INVALID, MILLRACE_QUERY_AFTER_IMPOSSIBLE, MILLRACE_STORE_UNKNOWN */
  async query<R>(request: QueryRequest<R>): Promise<QueryResult<R>> {
    const plan = this.#with.plan()
    const { options, turns } = this.#with
    turns.asked()
    const checked = checkRequest(request, plan, defaultIsolation(options))
    const deadline = options.clock.monotonic() + checked.timeoutMs
    const count = this.partitionsOf(checked.store)
    const partitions = checked.partitions ?? Array.from({ length: count }, (_, partition) => partition)
    this.partitions.checkPosition(checked)
    const after = checked.after === undefined ? [] : await this.#follow(checked, checked.after, deadline)
    const one = async (partition: number): Promise<readonly [number, Outcome]> => {
      if (partition >= count)
        return [partition, failure('DOES_NOT_EXIST', `store "${checked.store}" has ${count} partitions`)]
      if (after === undefined) return [partition, notInTime(checked.timeoutMs)]
      return [partition, await this.#answer(checked, partition, after, deadline)]
    }
    const results = new Map(await Promise.all(partitions.map(one)))
    return new QueryResult(checked.store, results as ReadonlyMap<number, PartitionResult<R>>)
  }

  partitionsOf(store: string): number {
    return this.partitions.partitionsOf(store)
  }

  /** Partition counts by real name. */
  get topics(): ReadonlyMap<string, number> {
    return this.#with.partitions
  }

  async lags(): Promise<ReadonlyMap<string, ReadonlyMap<number, StoreLag>>> {
    return await storeLags(this.#with)
  }

  /** What the tasks of the store have to process for it to include `after`; undefined if the time is over before. */
  async #follow({ store }: CheckedRequest, after: Position, deadline: number): Promise<Position | undefined> {
    const plan = this.#with.plan()
    const { options, client, admin } = this.#with
    const { applicationId, clock, processingGuarantee } = options
    const real = topicNaming(plan, applicationId)
    const undecorated = new Map(
      plan.subTopologies.flatMap(({ sourceTopics }) => sourceTopics.map(topic => [real(topic), topic])),
    )
    const positions: Position[] = []
    for (const topic of new Set(after.map(part => part.topic))) {
      const own = after.filter(part => part.topic === topic)
      const routes = topicRoutes(plan, store, undecorated.get(topic) ?? topic)
      const impossible = (reason: string) => millraceError('MILLRACE_QUERY_AFTER_IMPOSSIBLE', { store, topic, reason })
      if (routes === undefined) throw impossible('no records come from it to the store over topics with fixed names')
      if (routes.hops.length > 1 && processingGuarantee === 'at_most_once')
        throw impossible('under at_most_once, offsets are committed before their records are processed')
      const partitions = (name: string) => this.#with.partitions.get(name) ?? 0
      const upstream = { plan, applicationId, client, admin, clock, partitions }
      const found = await followUpstream(upstream, routes, own, deadline)
      if (found === undefined) return undefined
      positions.push(found)
    }
    return positions.flat()
  }

  async #answer(request: CheckedRequest, partition: number, after: Position, deadline: number): Promise<Outcome> {
    const { clock } = this.#with.options
    const opening = { ...request, only: onlyKeyOf(request.query) }
    for (;;) {
      const opened = await this.open(opening, partition, after, deadline)
      if (!('ok' in opened)) return await this.#read(request, partition, opened, deadline)
      const left = deadline - clock.monotonic()
      const { passes = false, ...failed } = opened
      if (!passes || after.length === 0 || left <= 0) return failed
      await clock.sleep(Math.min(LOOK_EVERY_MS, left))
    }
  }

  /** Follows a partition whose task runs here, or a global store. */
  async follow(request: FollowRequest, listener: ChangeListener): Promise<FollowedRows | PartitionFailure> {
    const { store, partition } = request
    const plan = storeOf(this.#with.plan(), store)
    const stores = this.#storesToFollow(store, partition)
    if ('ok' in stores) return stores
    try {
      return await followRows(plan, request, listener, follower => stores.follow(store, follower))
    } catch (error) {
      return failureOf(error, store, partition)
    }
  }

  #storesToFollow(store: string, partition: number): Pick<TaskStores, 'follow'> | PartitionFailure {
    const { globals, tasks } = this.#with
    if (globals.has(store)) return globals.following ?? failure('NOT_ACTIVE', 'the global stores are being restored')
    const sub = this.#with.plan().subTopologies.find(({ stores }) => stores.includes(store))
    const name = taskName({ subTopology: sub?.id ?? -1, partition })
    const task = tasks.running.find(one => one.name === name)
    if (task !== undefined) return task.stores
    return tasks.ids.some(one => taskName(one) === name)
      ? failure('NOT_ACTIVE', `task ${name} is being restored or waits for its turn to start`)
      : failure('NOT_PRESENT', `partition ${partition} is not processed on this instance`)
  }

  /** @see changedKeys */
  async changedKeys(changelog: TopicPartition, from: number, to: number): Promise<readonly Buffer[] | undefined> {
    const { client, admin, options } = this.#with
    return await changedKeys({ client, admin, clock: options.clock }, changelog, from, to)
  }

  async openAll(opening: Opening): Promise<readonly (OpenPartition | PartitionFailure)[]> {
    const partitions = Array.from({ length: this.partitionsOf(opening.store) }, (_, partition) => partition)
    return await Promise.all(partitions.map(partition => this.open(opening, partition, [], -Infinity)))
  }

  /** Opens a partition that exists. */
  async open(request: Opening, partition: number, after: Position, deadline: number): Promise<Opened> {
    const { store } = request
    this.#with.turns.asked()
    try {
      return await whenReady(() => this.#open(request, partition, after, deadline), this.#with.options.clock, deadline)
    } catch (error) {
      return failureOf(error, store, partition)
    }
  }

  async #open(request: Opening, partition: number, after: Position, deadline: number): Promise<Opened> {
    const { store } = request
    if (this.#with.globals.has(store)) return await this.#askGlobal(request, after)
    const sub = this.#with.plan().subTopologies.find(({ stores }) => stores.includes(store))
    const id = { subTopology: sub?.id ?? -1, partition }
    const name = taskName(id)
    const task = this.#with.tasks.running.find(one => one.name === name)
    if (task !== undefined) return await this.#askActive(request, task, after)
    if (this.#with.tasks.ids.some(one => taskName(one) === name))
      return passing('NOT_ACTIVE', `task ${name} is being restored or waits for its turn to start`)
    if (!this.#with.standbys.ids.some(one => taskName(one) === name))
      return failure('NOT_PRESENT', `partition ${partition} is not on this instance`)
    if (request.standbys !== true)
      return failure('NOT_ACTIVE', `this instance is a standby of task ${name}, and the query asks for an active task`)
    return await this.#askStandby(request, id, after, deadline)
  }

  async #askActive(request: Opening, task: Task, after: Position): Promise<Opened> {
    const { store, isolation } = request
    // Read before the state: what is written between the two makes the state newer than its position, which is true then too.
    const position = included(isolation === 'committed' ? task.committedInputs : task.inputs)
    const { partition } = task.id
    if (
      !isAtLeast(
        position,
        after.filter(part => part.partition === partition),
      )
    )
      return NOT_YET
    const missing = this.#missing(request, position, partition)
    if (missing !== undefined) return missing
    return { view: await task.stores.view(store, isolation, request.only), position, source: 'active' }
  }

  async #askStandby(request: Opening, id: Task['id'], after: Position, deadline: number): Promise<Opened> {
    const { store, isolation, maxLag } = request
    const { admin, standbys, options } = this.#with
    const { partition } = id
    if (isolation === 'committed' && options.processingGuarantee !== 'exactly_once')
      throw standbyUncommitted(store, options.processingGuarantee)
    const bounded = after.length > 0 || request.position !== undefined
    await (bounded ? this.#standbyPositions.renew(id) : this.#standbyPositions.refresh(id))
    const waitMs = Math.max(0, deadline - options.clock.monotonic())
    const found = await standbys.view(taskName(id), store, request.only, {
      whole: isolation === 'committed',
      waitMs,
    })
    if (found === undefined)
      return passing('NOT_PRESENT', `the standby of task ${taskName(id)} has no state of the store yet`)
    if (found === 'late') return failure('NOT_UP_TO_BOUND', `the standby got no whole transaction within ${waitMs} ms`)
    const { view, changelog } = found
    try {
      const position = this.#standbyPositions.at(id, changelog.topic, changelog.position)
      const lag = maxLag === undefined ? 0 : await lagOf(admin, changelog, partition)
      const problem = !isAtLeast(
        position,
        after.filter(part => part.partition === partition),
      )
        ? NOT_YET
        : maxLag !== undefined && lag > maxLag
          ? failure('NOT_UP_TO_BOUND', `the standby lags by ${lag} records of its changelog, and maxLag is ${maxLag}`)
          : this.#missing(request, position, partition)
      if (problem === undefined) return { view, position, source: 'standby' }
      await view[Symbol.asyncDispose]()
      return problem
    } catch (error) {
      await view[Symbol.asyncDispose]()
      throw error
    }
  }

  async #askGlobal(request: Opening, after: Position): Promise<Opened> {
    const found = await this.#with.globals.view(request.store, request.only)
    if (found === undefined) return passing('NOT_ACTIVE', 'the global stores are being restored')
    const position = included(found.positions)
    const problem = !isAtLeast(position, after)
      ? NOT_YET
      : isAtLeast(position, request.position ?? [])
        ? undefined
        : failure('NOT_UP_TO_BOUND', boundMessage(position, request.position ?? []))
    if (problem === undefined) return { view: found.view, position, source: 'global' }
    await found.view[Symbol.asyncDispose]()
    return problem
  }

  #missing({ position: wanted = [] }: Opening, position: Position, partition: number): PartitionFailure | undefined {
    const bound = wanted.filter(part => part.partition === partition)
    return isAtLeast(position, bound) ? undefined : failure('NOT_UP_TO_BOUND', boundMessage(position, bound))
  }

  async #read(
    request: CheckedRequest,
    partition: number,
    { view, position, source }: OpenPartition,
    deadline: number,
  ): Promise<Outcome> {
    const { plan, query, store } = request
    const { turns } = this.#with
    const { clock } = this.#with.options
    try {
      const reader = readerOf(plan, query, windowEnds(this.#with.plan(), plan))
      if (reader === undefined) return unknownType(store, query.type, plan)
      const { value, more } = await turns.reading(() => whenReady(() => reader(view.store), clock, deadline))
      return { ok: true, value, more, position, source }
    } catch (error) {
      return failureOf(error, store, partition)
    } finally {
      await view[Symbol.asyncDispose]()
    }
  }
}

export function defaultIsolation({ processingGuarantee }: ResolvedOptions): QueryIsolation {
  return processingGuarantee === 'exactly_once' ? 'committed' : 'uncommitted'
}

/** Positions name the last record, and not the next one. */
function included(next: readonly TopicPartitionOffset[]): Position {
  return next.flatMap(({ topic, partition, offset }) => (offset > 0 ? [{ topic, partition, offset: offset - 1 }] : []))
}

async function lagOf(
  admin: Admin,
  changelog: { readonly topic: string; readonly position: number; readonly end: number },
  partition: number,
): Promise<number> {
  const { topic, position } = changelog
  const [end] = await admin.latestOffsets([{ topic, partition }])
  return Math.max(0, (end?.offset ?? changelog.end) - position)
}
