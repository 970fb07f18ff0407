import type { Plan } from './plan.ts'

/** What a repartition topic's name ends in. */
export const REPARTITION_SUFFIX = '-repartition'

/** The undecorated changelog topic of a store. */
export function changelogTopic(store: string): string {
  return `${store}-changelog`
}

/** The topic's name in Kafka: internal topics carry the application's id in front. */
export function decorateTopic(applicationId: string, topic: string): string {
  return `${applicationId}-${topic}`
}

/** Undecorated names of the topics that the application owns and creates: repartition topics, then changelogs. */
export function internalTopics(plan: Plan): readonly string[] {
  const changelogs = plan.stores.flatMap(store =>
    store.changelog === undefined || store.changelog.isSource ? [] : [store.changelog.topic],
  )
  return [...plan.repartitionTopics.map(topic => topic.name), ...changelogs]
}

const internalOf = new WeakMap<Plan, ReadonlySet<string>>()

/** Gives each of the plan's topics its name in Kafka: internal ones are decorated, the user's stay as they are. */
export function topicNaming(plan: Plan, applicationId: string): (topic: string) => string {
  const internal = internalOf.get(plan) ?? internalSet(plan)
  return topic => (internal.has(topic) ? decorateTopic(applicationId, topic) : topic)
}

/** Kept for the plan, since each query of a store asks for names. */
function internalSet(plan: Plan): ReadonlySet<string> {
  const internal = new Set(internalTopics(plan))
  internalOf.set(plan, internal)
  return internal
}
