import { type Admin, type KafkaClient, openClient, systemClock } from '@millrace/core'
import { type ApplicationReport, inspectApplication, type ReportedTask, silentLogger } from '@millrace/runtime'
import type { HistoryAnswer, InputAnswer, InstanceAnswer, StatusAnswer, TaskAnswer, TopicStatus } from './answers.ts'
import type { ConsoleSource } from './console-source.ts'
import { countersOf } from './counters.ts'
import { History } from './history.ts'
import { topicsOf } from './topology-graph.ts'
import { whyHere } from './why-here.ts'

/** Several pages ask at once; Kafka is asked for all of them together. */
const FRESH_MS = 700

/** Looks at the application: at Kafka, and at the instance in this process if there is one. */
export class Observer {
  readonly #source: ConsoleSource
  readonly #history: History
  readonly #progress = new Map<string, { committed: number; since: number }>()
  #client: KafkaClient | undefined
  #looking: Promise<StatusAnswer> | undefined
  #lookedAt = -Infinity

  constructor(source: ConsoleSource) {
    this.#source = source
    this.#history = new History(source.streams, () => systemClock.now())
  }

  /** Opened when it is needed: the application may start, and create its topics, after the console. */
  get client(): KafkaClient {
    const { client, applicationId } = this.#source
    this.#client ??= openClient(client, {
      clientId: `${applicationId}-console`,
      clock: systemClock,
      logger: silentLogger,
    })
    return this.#client
  }

  status(): Promise<StatusAnswer> {
    const now = systemClock.monotonic()
    if (this.#looking === undefined || now - this.#lookedAt > FRESH_MS) {
      this.#lookedAt = now
      this.#looking = this.#look()
    }
    return this.#looking
  }

  history(): HistoryAnswer {
    return this.#history.answer()
  }

  async close(): Promise<void> {
    this.#history.close()
    await this.#client?.close()
  }

  async #look(): Promise<StatusAnswer> {
    const { plan, applicationId, streams, deadLetterTopic } = this.#source
    const admin = this.client.admin()
    const [report, topics] = await Promise.all([
      inspectApplication({ plan, applicationId, admin }),
      this.#topics(admin),
    ])
    this.#history.note(report)
    const instances = instancesOf(report, this.#source)
    const at = systemClock.now()
    return {
      at,
      group: report.group,
      missingTopics: report.missingTopics,
      instances,
      tasks: report.tasks.map(task => this.#task(task, instances, at)),
      topics,
      restores: this.#history.restores,
      deadLetters: topics.find(({ name }) => name === deadLetterTopic)?.records ?? 0,
      ...(streams !== undefined && { state: streams.state, counters: countersOf(streams) }),
    }
  }

  async #topics(admin: Admin): Promise<readonly TopicStatus[]> {
    const { plan, applicationId, deadLetterTopic } = this.#source
    const names = topicsOf(plan, applicationId, deadLetterTopic).map(({ name }) => name)
    const described = await admin.describeTopics(names)
    const partitions = described.flatMap(({ name: topic, partitions: count }) =>
      Array.from({ length: count }, (_, partition) => ({ topic, partition })),
    )
    if (partitions.length === 0) return []
    const [starts, ends] = await Promise.all([admin.earliestOffsets(partitions), admin.latestOffsets(partitions)])
    const sums = new Map(described.map(({ name, partitions: count }) => [name, { count, from: 0, to: 0 }]))
    for (const { topic, offset } of starts) sums.get(topic)!.from += offset
    for (const { topic, offset } of ends) sums.get(topic)!.to += offset
    return [...sums].map(([name, { count, from, to }]) => ({
      name,
      partitions: count,
      records: to - from,
      written: to,
    }))
  }

  #task(task: ReportedTask, instances: readonly InstanceAnswer[], at: number): TaskAnswer {
    const { id, subTopology, partition, lag, streamTime, changelogRecords } = task
    const owner = instances.find(({ active }) => active.includes(id))
    return {
      id,
      subTopology,
      partition,
      standby: instances.filter(each => each.standby.includes(id) || each.warmup.includes(id)).map(each => each.id),
      why: whyHere(task, instances),
      lag,
      committed: task.inputs.reduce((sum, { committed = 0 }) => sum + committed, 0),
      streamTime,
      changelogRecords,
      inputs: task.inputs.map((input): InputAnswer => {
        const { topic, partition: of, committed, end } = input
        const stuckMs = this.#stuckMs(input, at)
        return { topic, partition: of, end, lag: input.lag, stuckMs, ...(committed !== undefined && { committed }) }
      }),
      ...(owner !== undefined && { owner: owner.id }),
    }
  }

  #stuckMs({ topic, partition, committed = -1, lag }: ReportedTask['inputs'][number], at: number): number {
    const key = `${topic}-${partition}`
    const before = this.#progress.get(key)
    if (lag === 0 || before?.committed !== committed) this.#progress.set(key, { committed, since: at })
    return lag === 0 ? 0 : at - this.#progress.get(key)!.since
  }
}

/** The members of the group. The instance of this process is the one whose tasks are those that run here. */
function instancesOf(report: ApplicationReport, { streams }: ConsoleSource): readonly InstanceAnswer[] {
  const here = new Set(streams?.tasks().map(({ id }) => id))
  const hosts = streams?.metadataForAllInstances() ?? []
  return report.members.map(({ memberId, clientId, active, standby, warmup }) => {
    const host = hosts.find(
      ({ activeTasks }) => activeTasks.length > 0 && activeTasks.every(id => active.includes(id)),
    )?.host
    return {
      id: memberId,
      name: host ?? clientId,
      here: active.some(id => here.has(id)) || (streams !== undefined && report.members.length === 1),
      active,
      standby,
      warmup,
      ...(host !== undefined && { host }),
    }
  })
}
