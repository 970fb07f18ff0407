/** Groups what belongs to partitions by topic, in the order of appearance. */
export function byTopic<T extends { readonly topic: string }>(list: readonly T[]): Map<string, T[]> {
  const topics = new Map<string, T[]>()
  for (const each of list) {
    const of = topics.get(each.topic)
    if (of === undefined) topics.set(each.topic, [each])
    else of.push(each)
  }
  return topics
}
