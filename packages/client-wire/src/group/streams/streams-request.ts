import type {
  StreamsEndpoint,
  StreamsInternalTopic,
  StreamsSubTopology,
  StreamsTaskId,
  StreamsTaskPosition,
  StreamsTasks,
  StreamsTopology,
} from '@millrace/core'
import type {
  StreamsGroupHeartbeatRequest,
  StreamsGroupHeartbeatRequestTaskIds,
  StreamsGroupHeartbeatRequestTaskOffset,
  StreamsGroupHeartbeatRequestTopicInfo,
  StreamsGroupHeartbeatRequestTopology,
  StreamsGroupHeartbeatResponse,
} from '../../protocol/messages/streams-group-heartbeat.ts'

export const NO_TASKS: StreamsTasks = { active: [], standby: [], warmup: [] }

/** As Kafka's own client writes it: all lists in order, copartition groups as indices into them. */
export function topologyData({ epoch = 0, subTopologies }: StreamsTopology): StreamsGroupHeartbeatRequestTopology {
  return { epoch, subtopologies: subTopologies.map(subTopologyData) }
}

function subTopologyData(subTopology: StreamsSubTopology) {
  const sourceTopics = [...subTopology.sourceTopics].sort()
  const repartition = byName(subTopology.repartitionSourceTopics)
  const repartitionNames = repartition.map(({ name }) => name)
  return {
    subtopologyId: subTopology.id,
    sourceTopics,
    sourceTopicRegex: [],
    stateChangelogTopics: byName(subTopology.stateChangelogTopics).map(topicInfo),
    repartitionSinkTopics: [...subTopology.repartitionSinkTopics].sort(),
    repartitionSourceTopics: repartition.map(topicInfo),
    copartitionGroups: subTopology.copartitionGroups.map(topics => ({
      sourceTopics: indices(sourceTopics, topics),
      sourceTopicRegex: [],
      repartitionSourceTopics: indices(repartitionNames, topics),
    })),
  }
}

function topicInfo(topic: StreamsInternalTopic): StreamsGroupHeartbeatRequestTopicInfo {
  const configs = Object.entries(topic.configs).map(([key, value]) => ({ key, value }))
  return {
    name: topic.name,
    partitions: topic.partitions ?? 0,
    // The broker's default, as Kafka Streams writes it: the same topology has to be equal in all of it.
    replicationFactor: topic.replicationFactor ?? -1,
    topicConfigs: configs.sort((a, b) => compare(a.key, b.key)),
  }
}

function byName(topics: readonly StreamsInternalTopic[]): StreamsInternalTopic[] {
  return [...topics].sort((a, b) => compare(a.name, b.name))
}

function indices(topics: readonly string[], wanted: readonly string[]): number[] {
  return wanted.map(topic => topics.indexOf(topic)).filter(index => index >= 0)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** What a member has, by sub-topology. */
export function ownedData(
  tasks: StreamsTasks,
): Required<Pick<StreamsGroupHeartbeatRequest, 'activeTasks' | 'standbyTasks' | 'warmupTasks'>> {
  return {
    activeTasks: taskData(tasks.active),
    standbyTasks: taskData(tasks.standby),
    warmupTasks: taskData(tasks.warmup),
  }
}

function taskData(tasks: readonly StreamsTaskId[]): StreamsGroupHeartbeatRequestTaskIds[] {
  const found = new Map<string, number[]>()
  for (const { subTopology, partition } of tasks) {
    const partitions = found.get(subTopology) ?? []
    partitions.push(partition)
    found.set(subTopology, partitions)
  }
  return [...found].map(([subtopologyId, partitions]) => ({
    subtopologyId,
    partitions: partitions.sort((a, b) => a - b),
  }))
}

export function offsetData(
  positions: readonly StreamsTaskPosition[],
  offsetOf: (position: StreamsTaskPosition) => number | undefined,
): StreamsGroupHeartbeatRequestTaskOffset[] {
  return positions.flatMap(position => {
    const offset = offsetOf(position)
    return offset === undefined ? [] : [{ subtopologyId: position.subTopology, partition: position.partition, offset }]
  })
}

/** `host:port`, with an IPv6 address in brackets or without. */
export function endpointData(host: string): { host: string; port: number } {
  const colon = host.lastIndexOf(':')
  return { host: host.slice(0, colon), port: Number(host.slice(colon + 1)) }
}

/** The tasks that an answer assigns; undefined where it changes nothing. */
export function assignedTasks(answer: StreamsGroupHeartbeatResponse, before: StreamsTasks): StreamsTasks | undefined {
  const { activeTasks, standbyTasks, warmupTasks } = answer
  if (activeTasks === null && standbyTasks === null && warmupTasks === null) return undefined
  return {
    active: activeTasks === null ? before.active : tasksOf(activeTasks),
    standby: standbyTasks === null ? before.standby : tasksOf(standbyTasks),
    warmup: warmupTasks === null ? before.warmup : tasksOf(warmupTasks),
  }
}

function tasksOf(data: readonly StreamsGroupHeartbeatRequestTaskIds[]): StreamsTaskId[] {
  return data.flatMap(({ subtopologyId, partitions }) =>
    partitions.map(partition => ({ subTopology: subtopologyId, partition })),
  )
}

/** One entry for each endpoint: several members may share one. */
export function endpointsOf(answer: StreamsGroupHeartbeatResponse): readonly StreamsEndpoint[] | undefined {
  if (answer.partitionsByUserEndpoint === null) return undefined
  const found = new Map<string, { host: string; active: Partitions; standby: Partitions }>()
  for (const { userEndpoint, activePartitions, standbyPartitions } of answer.partitionsByUserEndpoint) {
    const host = `${userEndpoint.host}:${userEndpoint.port}`
    const { active, standby } = found.get(host) ?? { active: [], standby: [] }
    found.set(host, {
      host,
      active: [...active, ...partitionsOf(activePartitions)],
      standby: [...standby, ...partitionsOf(standbyPartitions)],
    })
  }
  return [...found.values()]
}

type Partitions = StreamsEndpoint['active']

function partitionsOf(
  topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[],
): Partitions {
  return topics.flatMap(({ topic, partitions }) => partitions.map(partition => ({ topic, partition })))
}

/** The tasks of both, each once. */
export function allOf(some: StreamsTasks, others: StreamsTasks): StreamsTasks {
  const both = (a: readonly StreamsTaskId[], b: readonly StreamsTaskId[]) => [
    ...new Map([...a, ...b].map(task => [`${task.subTopology}_${task.partition}`, task])).values(),
  ]
  return {
    active: both(some.active, others.active),
    standby: both(some.standby, others.standby),
    warmup: both(some.warmup, others.warmup),
  }
}

export function isNothing({ active, standby, warmup }: StreamsTasks): boolean {
  return active.length === 0 && standby.length === 0 && warmup.length === 0
}
