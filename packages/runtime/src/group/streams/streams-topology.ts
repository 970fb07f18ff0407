import { type Plan, type StreamsSubTopology, type StreamsTopology, topicNaming } from '@millrace/core'
import { copartitionGroups, namesInHashOrder } from './copartition-groups.ts'
import { changelogConfigs, type InternalTopicOptions, repartitionConfigs } from '../../topics/internal-topic-configs.ts'

export interface StreamsTopologyOptions extends InternalTopicOptions {
  readonly applicationId: string
  readonly replicationFactor: number | undefined
}

/** A plan as a streams group knows it: what Kafka Streams sends for the same topology. */
export function streamsTopology(plan: Plan, options: StreamsTopologyOptions): StreamsTopology {
  const real = topicNaming(plan, options.applicationId)
  const replication = options.replicationFactor === undefined ? {} : { replicationFactor: options.replicationFactor }
  const repartition = new Map(plan.repartitionTopics.map(topic => [topic.name, topic]))
  const stores = new Map(plan.stores.map(store => [store.name, store]))
  const sinks = new Map(plan.nodes.flatMap(node => (node.kind === 'sink' ? [[node.name, node.topic] as const] : [])))
  const read = new Map(plan.nodes.flatMap(node => (node.kind === 'source' ? [[node.name, node.topics] as const] : [])))
  const bySource = (topics: readonly string[]) => {
    const sources = [...read].filter(([, own]) => own.some(topic => topics.includes(topic))).map(([name]) => name)
    return namesInHashOrder(sources).flatMap(name => read.get(name)!.filter(topic => topics.includes(topic)))
  }
  const subTopologies = plan.subTopologies.map(({ id, nodes, sourceTopics, stores: names }): StreamsSubTopology => {
    const written = nodes.flatMap(name => sinks.get(name) ?? []).filter(topic => typeof topic === 'string')
    return {
      id: String(id),
      sourceTopics: sourceTopics.filter(topic => !repartition.has(topic)).map(real),
      repartitionSinkTopics: [...new Set(written)].filter(topic => repartition.has(topic)).map(real),
      repartitionSourceTopics: sourceTopics
        .filter(topic => repartition.has(topic))
        .map(topic => {
          const { partitions } = repartition.get(topic)!
          const fixed = partitions === undefined ? {} : { partitions }
          return { name: real(topic), ...fixed, ...replication, configs: repartitionConfigs(options) }
        }),
      stateChangelogTopics: names.flatMap(name => {
        const store = stores.get(name)
        if (store?.changelog === undefined || store.changelog.isSource) return []
        return [{ name: real(store.changelog.topic), ...replication, configs: changelogConfigs(store, options) }]
      }),
      copartitionGroups: copartitionGroups(
        plan.copartitioned
          .filter(({ topics }) => topics.every(topic => sourceTopics.includes(topic)))
          .map(({ topics }) => bySource(topics).map(real)),
      ),
    }
  })
  return { subTopologies }
}
