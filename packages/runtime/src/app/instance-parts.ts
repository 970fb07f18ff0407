import {
  type Admin,
  type CommittedOffset,
  decorateTopic,
  type GroupConsumer,
  type KafkaClient,
  millraceError,
  type ProgressSign,
  topicNaming,
} from '@millrace/core'
import { Committer, confirmWithin } from '../commit/committer.ts'
import { deadLetterTopicOf } from '../config/dead-letter-topic.ts'
import type { MemoryBudget } from '../config/memory-budget.ts'
import type { ResolvedOptions } from '../config/options.ts'
import { ClassicMembership } from '../group/classic/classic-membership.ts'
import type { GroupMembership } from '../group/group-membership.ts'
import { StreamsMembership } from '../group/streams/streams-membership.ts'
import type { Metrics } from '../observe/metrics.ts'
import { threadIdOf } from '../observe/client-id.ts'
import { ThreadMeters } from '../observe/thread-meters.ts'
import type { RestoreListener } from '../observe/restore-listener.ts'
import { LocalQueries } from '../query/local-queries.ts'
import { Restorer } from '../restore/restorer.ts'
import type { StandbyListener } from '../observe/standby-listener.ts'
import { StandbyTasks } from '../restore/standby-tasks.ts'
import type { GlobalStores } from '../globals/global-stores.ts'
import { memberName } from '../state/directory/task-claims.ts'
import { openTaskStores } from '../state/task-stores/open-task-stores.ts'
import type { StateCleaner } from '../state/directory/state-cleaner.ts'
import { Recovery } from '../loop/recovery.ts'
import { Round } from '../loop/round.ts'
import { TopicWatch } from '../loop/topic-watch.ts'
import { QueryTurns } from '../query/query-turns.ts'
import { BackPressure } from '../task/back-pressure.ts'
import { GoneMembers } from '../task/gone-members.ts'
import { ProducerPool } from '../task/producer-pool.ts'
import { TaskSet } from '../task/task-set.ts'
import { transactionReach } from '../task/transaction-reach.ts'
import { RepartitionPurge } from '../topics/repartition-purge.ts'
import type { TopicPatterns } from '../topics/topic-patterns.ts'
import { holdingsOf } from './holdings.ts'
import type { Opened } from './opened.ts'
import { type ProcessParts, writtenTopics } from './process-parts.ts'
import type { Patience } from '../loop/patience.ts'
import { TaskOwnership } from '../loop/task-ownership.ts'

/** What an instance works with, from the start to the end. */
export interface InstanceParts {
  readonly processId: string
  readonly thread: ThreadMeters
  readonly standbys: StandbyTasks
  readonly admin: Admin
  readonly consumer: GroupConsumer
  readonly producers: ProducerPool
  readonly globals: GlobalStores
  readonly tasks: TaskSet
  readonly committer: Committer
  readonly round: Round
  readonly recovery: Recovery
  readonly topicWatch: TopicWatch
  /** The source of the tasks. */
  readonly membership: GroupMembership
  readonly ownership: TaskOwnership
  readonly cleaner: StateCleaner
  readonly queries: LocalQueries
  /** The name of the member, as brokers see it too. */
  readonly clientId: string
  /** Ends what these threads of the process have left open. */
  readonly endLeftBehind: (threads: readonly number[]) => Promise<void>
  /** Partition counts by real name. */
  readonly topicsAtStart: ReadonlyMap<string, number>
}

export interface PartsOptions {
  readonly topics: TopicPatterns
  readonly options: ResolvedOptions
  readonly metrics: Metrics
  readonly listener: RestoreListener & StandbyListener
  readonly patience: Patience
  readonly budget: () => MemoryBudget
  /** @see InstanceSurroundings */
  readonly eventLoop: (() => Promise<void>) | undefined
  /** The application is paused. */
  readonly isPaused: () => boolean
  /** Something has ended in the background that the instance cannot go on without. */
  readonly onError: (error: unknown) => void
  /** A task has become able to run, or one less is on its way, or the group has assigned. */
  readonly onChange: () => void
}

/**
 * Connects a member to its group and to the parts of its process. Everything that is opened goes into `opened` at once, so that
 * it can be closed when a later part fails. Waits for the broker until `signal` is aborted.
 */
export async function openParts(
  process: ProcessParts,
  parts: PartsOptions,
  opened: Opened,
  signal: AbortSignal,
): Promise<InstanceParts> {
  const { options, topics, patience } = parts
  const { applicationId, clock, logger } = options
  const { client, admin, processId, onDisk, limits, partitions, globals, directory } = process
  const streams = options.groupProtocol === 'streams'
  const thread = new ThreadMeters({
    threadId: threadIdOf(applicationId, processId, directory.claims?.member),
    processId,
    level: options.metricsRecordingLevel,
    clock,
    runs: () => (membership.assignment === undefined ? undefined : ownership.settled && tasks.allRunning),
  })
  const listener = thread.listening(parts.listener)
  const progress: ProgressSign = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT))
  const consumer = client.groupConsumer({
    groupId: applicationId,
    protocol: options.groupProtocol,
    isolationLevel: 'read_committed',
    sessionTimeoutMs: options.sessionTimeoutMs,
    // A streams group has the broker's.
    ...(!streams && { heartbeatIntervalMs: options.heartbeatIntervalMs }),
    processingTimeoutMs: options.processingTimeoutMs,
    progress,
    ...(options.groupInstanceId !== undefined && {
      groupInstanceId: memberInstanceId(options.groupInstanceId, directory.claims?.member),
    }),
  })
  opened.add(({ leave }) => consumer.close({ leave }))
  const reach = { plan: () => topics.plan, applicationId, admin, deadLetterTopic: deadLetterTopicOf(options) }
  const forMs = confirmWithin(options)
  const producers = new ProducerPool(
    client,
    options,
    process.memberName,
    task => transactionReach(reach, task),
    limits,
    { forMs, ask: () => consumer.confirm(forMs) },
  )
  opened.add(() => producers.closeAll())
  await patience.until(signal, () => producers.begin())
  const { claims, leftBehind } = directory
  const endLeftBehind = (threads: readonly number[]) =>
    producers.endLeftBehind(threads.map(thread => memberName(processId, thread)))
  await patience.until(signal, () => endLeftBehind(leftBehind))
  if (claims === undefined && leftBehind.length > 0) await directory.keepThreads(1)
  const gone = new GoneMembers({
    ...{ applicationId, processId, memberName: process.memberName, admin, clock, logger },
    reach: () => transactionReach(reach),
    end: names => producers.endLeftBehind(names),
  })
  opened.add(async () => gone.close())
  const connected = { ...process, consumer, progress, producers, thread, listener }
  const standbys = new StandbyTasks({
    applicationId,
    client,
    admin,
    clock,
    logger,
    listener,
    budgetBytes: () => parts.budget().restoreBufferBytes,
    open: id => openTaskStores({ ...connected, options, plan: () => topics.plan }, id),
    isBusy: () => tasks.restoring.size > 0,
  })
  const backPressure = new BackPressure(consumer, options.bufferedBytesPerPartition)
  const tasks: TaskSet = taskSet(parts, { ...connected, standbys, backPressure }, partitions)
  opened.add(() => standbys.close())
  opened.add(() => tasks.close())
  const purge = repartitionPurge(parts, client, admin)
  opened.add(async () => purge.close())
  const onCommitted = (offsets: readonly CommittedOffset[]) => purge.committed(offsets)
  const { budget } = parts
  const turns = new QueryTurns(clock, parts.eventLoop)
  const running = () => tasks.running
  const committer = new Committer({ options, budget, consumer, producers, turns, running, onCommitted })
  const { onChange } = parts
  const holdings = () => holdingsOf({ options, processId, tasks, standbys, onDisk })
  const eager = client.capabilities.rebalance === 'eager'
  const ownership = new TaskOwnership({
    ...{ logger, producers, tasks, standbys, committer, onChange },
    onTakenUp: gained => (producers.ofInstance ? gone.look(gained) : undefined),
    guarantee: options.processingGuarantee,
    membership: () => membership,
    onShutdown: () => parts.onError(millraceError('MILLRACE_APPLICATION_SHUTDOWN', { applicationId })),
  })
  const source = { options, topics, admin, consumer, holdings, listener: ownership }
  const membership: GroupMembership = streams
    ? new StreamsMembership({
        ...source,
        ends: () => standbys.ends,
        onTopicsMade: () => limits.load(writtenTopics(topics.plan, options)),
      })
    : new ClassicMembership({ ...source, eager })
  opened.add(async () => membership.close())
  process.addUser(() => [...tasks.ids, ...standbys.ids])
  const topicWatch = new TopicWatch({ options, topics, admin, consumer, membership })
  const { isPaused } = parts
  const round = new Round({ options, consumer, tasks, backPressure, committer, purge, thread, turns, isPaused })
  const recovery = new Recovery({
    ...{ options, tasks, producers, committer, membership, ownership, globals, patience },
    topics: topicWatch,
  })
  return {
    processId,
    thread,
    standbys,
    admin,
    consumer,
    producers,
    globals,
    tasks,
    committer,
    round,
    recovery,
    topicWatch,
    membership,
    ownership,
    cleaner: process.cleaner,
    clientId: `${applicationId}-${process.memberName}`,
    endLeftBehind,
    queries: new LocalQueries({
      ...{ options, client, admin, tasks, standbys, globals, partitions, turns },
      plan: () => topics.plan,
    }),
    topicsAtStart: partitions,
  }
}

/** Each member of the group needs its own id, as in Kafka Streams. */
function memberInstanceId(groupInstanceId: string, member = 1): string {
  return member === 1 ? groupInstanceId : `${groupInstanceId}-${member}`
}

/** A client that cannot delete records is said so of once, and the topics grow. */
function repartitionPurge({ topics, options }: PartsOptions, client: KafkaClient, admin: Admin): RepartitionPurge {
  const { applicationId, clock, logger, repartitionPurgeIntervalMs } = options
  const { repartitionTopics, stores } = topics.plan
  const changelogs = new Set(stores.map(({ changelog }) => changelog?.topic))
  const names = repartitionTopics.map(({ name }) => name).filter(name => !changelogs.has(name))
  const able = client.capabilities.deleteRecords
  if (names.length > 0 && !able && repartitionPurgeIntervalMs !== Number.POSITIVE_INFINITY) {
    logger.warn(
      { client: client.name, topics: names },
      'this client cannot delete records: processed records stay in the repartition topics',
    )
  }
  const purged = new Set(able ? names.map(name => decorateTopic(applicationId, name)) : [])
  return new RepartitionPurge({
    admin,
    clock,
    logger,
    intervalMs: repartitionPurgeIntervalMs,
    isPurged: topic => purged.has(topic),
    ...(options.processingGuarantee === 'exactly_once' && {
      stableOffsets: partitions => admin.committedOffsets(applicationId, partitions, 'omit'),
    }),
  })
}

interface Connected extends ProcessParts {
  readonly consumer: GroupConsumer
  readonly progress: ProgressSign
  readonly producers: ProducerPool
  readonly thread: ThreadMeters
  readonly listener: RestoreListener
  readonly standbys: StandbyTasks
  readonly backPressure: BackPressure
}

function taskSet(parts: PartsOptions, connected: Connected, partitions: ReadonlyMap<string, number>): TaskSet {
  const { options, topics, metrics } = parts
  const { applicationId, clock, logger } = options
  const { client, admin, consumer, limits, listener } = connected
  const deadLetterTopic = deadLetterTopicOf(options)
  const known = new Map(partitions)
  return new TaskSet({
    ...connected,
    plan: () => topics.plan,
    options,
    restorer: new Restorer({
      client,
      admin,
      clock,
      logger,
      listener,
      budgetBytes: () => parts.budget().restoreBufferBytes,
    }),
    metrics,
    topics: {
      decorate: topic => topicNaming(topics.plan, applicationId)(topic),
      partitions: topic => known.get(topic) ?? askPartitions(connected, topic, known),
      deadLetterPartitions: deadLetterTopic === undefined ? 1 : (partitions.get(deadLetterTopic) ?? 1),
      deadLetterBytes: Math.min(
        options.maxRequestBytes,
        deadLetterTopic === undefined ? Infinity : limits.of(deadLetterTopic).maxMessageBytes,
      ),
    },
    onError: error => {
      parts.onError(error)
      consumer.wakeup()
    },
    onChange: () => {
      parts.onChange()
      consumer.wakeup()
    },
  })
}

/** Of a topic that a record has named. */
async function askPartitions(
  { admin, limits }: Pick<Connected, 'admin' | 'limits'>,
  topic: string,
  known: Map<string, number>,
): Promise<number> {
  const [description] = await admin.describeTopics([topic])
  if (description === undefined) throw millraceError('MILLRACE_TOPIC_MISSING', { topic })
  await limits.load([topic])
  known.set(topic, description.partitions)
  return description.partitions
}
