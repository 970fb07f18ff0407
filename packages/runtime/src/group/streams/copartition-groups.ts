/**
 * Topics that must be co-partitioned, in the order in which Kafka Streams tells them: groups with a topic in common are one, and
 * groups and topics are in the order of Java's hash sets. A broker compares topologies with this order, so without it an application could
 * not be taken over from Java, or by it. Topics of one bucket keep the order in which they were put in: that of the names of their source
 * nodes, which come out of a hash set as well.
 *
 * @param groups of topics by real name, in the order in which Kafka Streams puts them in
 */
export function copartitionGroups(groups: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const merged: Set<string>[] = []
  for (const topics of groups) {
    const known = merged.find(group => topics.some(topic => group.has(topic)))
    if (known === undefined) merged.push(new Set(topics))
    else for (const topic of topics) known.add(topic)
  }
  const ordered = merged.map(group => inHashOrder([...group], stringHash))
  return inHashOrder(ordered, topics => topics.reduce((sum, topic) => (sum + stringHash(topic)) | 0, 0))
}

/** Names in the order of a hash set of Java. */
export function namesInHashOrder(names: readonly string[]): readonly string[] {
  return inHashOrder(names, stringHash)
}

/** The order in which `java.util.HashSet` gives its elements: by the bucket, whose number is the low bits of the mixed hash. */
function inHashOrder<T>(items: readonly T[], hashOf: (item: T) => number): readonly T[] {
  let buckets = 16
  while (items.length > buckets * 0.75) buckets *= 2
  const bucketOf = (item: T) => {
    const hash = hashOf(item)
    return (hash ^ (hash >>> 16)) & (buckets - 1)
  }
  return items.toSorted((a, b) => bucketOf(a) - bucketOf(b))
}

/** `String.hashCode` of Java. */
function stringHash(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}
