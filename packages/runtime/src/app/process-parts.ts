import { type Admin, type KafkaClient, millraceError, type Plan, topicNaming, openClient } from '@millrace/core'
import { deadLetterTopicOf } from '../config/dead-letter-topic.ts'
import type { ResolvedOptions } from '../config/options.ts'
import { GlobalStores } from '../globals/global-stores.ts'
import type { Patience } from '../loop/patience.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { RestoreListener } from '../observe/restore-listener.ts'
import { openStateDirectory } from '../state/directory/directory.ts'
import { StateCleaner } from '../state/directory/state-cleaner.ts'
import { type OpenStateDirectory, type StateDirectory, transientDirectory } from '../state/directory/state-directory.ts'
import { checkTopology } from '../state/directory/topology-check.ts'
import { memberName } from '../state/directory/task-claims.ts'
import { readOnDisk } from '../state/task-stores/open-task-stores.ts'
import { type TaskId, taskName } from '../task-id.ts'
import { prepareTopicsOf } from '../topics/prepare-topics-of.ts'
import { KnownLimits } from '../topics/topic-limits.ts'
import type { TopicPatterns } from '../topics/topic-patterns.ts'
import type { Opened } from './opened.ts'
import { warnOfDeadLetterLoop } from './warn-of-dead-letter-loop.ts'
import { warnOfJsonKeys } from './warn-of-json-keys.ts'

/** What a member shares with the other members of its process, or has for itself where it is the only one. */
export interface ProcessParts {
  /** Locked for this process. */
  readonly directory: StateDirectory
  /** Identifies the process in the group and in transactional ids. It is kept across restarts. */
  readonly processId: string
  /** Identifies the member in client ids and transactional ids. */
  readonly memberName: string
  /** By task name, how far the state on disk is of tasks whose stores are closed. */
  readonly onDisk: Map<string, number>
  readonly client: KafkaClient
  readonly admin: Admin
  readonly limits: KnownLimits
  /** Partition counts by real name, at the start. */
  readonly partitions: ReadonlyMap<string, number>
  readonly globals: GlobalStores
  /** Deletes the state of tasks that have moved. */
  readonly cleaner: StateCleaner
  /** A member says which tasks use their state directories. */
  addUser(tasks: () => readonly TaskId[]): void
}

export interface ProcessPartsOptions {
  readonly topics: TopicPatterns
  readonly options: ResolvedOptions
  readonly metrics: Metrics
  readonly listener: RestoreListener
  readonly patience: Patience
  readonly openDirectory: OpenStateDirectory
}

/**
 * Locks the state directory, checks configuration and topics, and fills the global stores. Everything that is opened goes into
 * `opened` at once, so that it can be closed when a later part fails. Waits for the broker until `signal` is aborted.
 *
 * @throws MillraceError of kind `config` or `topology` for a problem that waiting does not fix
 */
export async function openProcess(
  process: ProcessPartsOptions,
  opened: Opened,
  signal: AbortSignal,
): Promise<ProcessParts> {
  const { options, topics, patience, listener, metrics } = process
  const { applicationId, clock, logger } = options
  const directory = await process.openDirectory(options)
  opened.add(() => directory.close())
  const { onTopologyChange } = options
  const keepTopology = await checkTopology({ plan: topics.plan, directory, onTopologyChange, logger })
  warnOfJsonKeys(topics.plan, logger)
  warnOfDeadLetterLoop(topics.plan, applicationId, deadLetterTopicOf(options), logger)
  const { claims } = directory
  const onDisk = claims?.onDisk ?? new Map<string, number>()
  const processId = options.processId ?? directory.processId
  const name = memberName(processId, claims?.member)
  const client = openClient(options.client, { clientId: `${applicationId}-${name}`, clock, logger })
  opened.add(() => client.close())
  checkCapabilities(client, options)
  const streams = options.groupProtocol === 'streams'
  const admin = client.admin()
  opened.add(() => admin.close())
  const limits = new KnownLimits(admin, logger)
  const { partitions } = await patience.until(signal, async () => {
    await topics.refresh(admin)
    const prepared = await prepareTopicsOf(topics, options, admin)
    if (!streams) await limits.load(writtenTopics(topics.plan, options))
    return prepared
  })
  await keepTopology()
  const globals = new GlobalStores({
    plan: topics.plan,
    options,
    client,
    admin,
    directory,
    listener,
    metrics,
    processId,
    partitions: topic => partitions.get(topic) ?? 0,
  })
  opened.add(() => globals.close())
  await patience.until(signal, () => globals.begin(signal))
  await readOnDisk({ directory, onDisk, options, plan: () => topics.plan })
  const users: (() => readonly TaskId[])[] = []
  const cleaner = new StateCleaner({
    directory: {
      taskNames: () => directory.taskNames(),
      async deleteTaskDirectory(task) {
        await claims?.claim(task)
        try {
          await directory.deleteTaskDirectory(task)
          onDisk.delete(task)
        } finally {
          claims?.release(task, undefined)
        }
      },
    },
    clock,
    logger,
    delayMs: options.stateCleanupDelayMs,
    inUse: () => new Set([...users.flatMap(tasks => tasks()).map(taskName), ...(claims?.inUse() ?? [])]),
  })
  const addUser = (tasks: () => readonly TaskId[]) => void users.push(tasks)
  return {
    directory,
    processId,
    memberName: name,
    onDisk,
    client,
    admin,
    limits,
    partitions,
    globals,
    cleaner,
    addUser,
  }
}

/** By their real names, those of which it is known before anything is processed. */
export function writtenTopics(plan: Plan, options: ResolvedOptions): readonly string[] {
  const real = topicNaming(plan, options.applicationId)
  const sinks = plan.nodes.flatMap(node => (node.kind === 'sink' && typeof node.topic === 'string' ? [node.topic] : []))
  const changelogs = plan.stores.flatMap(({ changelog }) =>
    changelog === undefined || changelog.isSource ? [] : [changelog.topic],
  )
  const deadLetterTopic = deadLetterTopicOf(options)
  return [...[...sinks, ...changelogs].map(real), ...(deadLetterTopic === undefined ? [] : [deadLetterTopic])]
}

/** Opens the state directory in the file system, if the store keeps anything. */
export function directoryOpener({ store, groupInstanceId }: ResolvedOptions): OpenStateDirectory {
  if (store.capabilities.durable) return openStateDirectory
  // A member that is known to the group by name is the same one after a restart: its producer ends what the one before has left open.
  return async () => transientDirectory(groupInstanceId ?? crypto.randomUUID())
}

/** @throws MILLRACE_CLIENT_UNSUPPORTED for an option that the client cannot carry out */
function checkCapabilities({ name, capabilities }: KafkaClient, options: ResolvedOptions): void {
  if (options.processingGuarantee === 'exactly_once' && capabilities.transactions === 'none') {
    throw millraceError('MILLRACE_CLIENT_UNSUPPORTED', { client: name, feature: 'exactly_once (transactions)' })
  }
  if (options.groupProtocol === 'streams' && !capabilities.streamsGroups) {
    throw millraceError('MILLRACE_CLIENT_UNSUPPORTED', { client: name, feature: 'groupProtocol "streams" (KIP-1071)' })
  }
  if (!capabilities.compression.includes(options.compression)) {
    throw millraceError('MILLRACE_CLIENT_UNSUPPORTED', {
      client: name,
      feature: `compression "${options.compression}"`,
    })
  }
  if (options.groupInstanceId !== undefined && !capabilities.staticMembership) {
    throw millraceError('MILLRACE_CLIENT_UNSUPPORTED', { client: name, feature: 'static membership (groupInstanceId)' })
  }
}
