import type { Plan } from '@millrace/core'
import type { TopologySpec } from './spec.ts'

/**
 * What the run leaves uncompared, each with its reason; the command prints it. Single topologies that are refused on one side
 * stand in `known-differences.ts`, joins whose sides tie in `tied-joins.ts`, windows past their retention in
 * `expired-windows.ts`, offsets below a pattern in `pattern-offsets.ts`. `open` is to be fixed or written.
 */
export const UNCOMPARED: readonly { readonly what: string; readonly reason: string; readonly open?: true }[] = [
  {
    what: 'records of joins between topics that one input feeds',
    reason: 'records of equal time on two topics are taken in an order that nobody promises (tied-joins.ts)',
  },
  {
    what: 'cogroups of groupings that one input feeds through a topic for each',
    reason: 'which aggregator comes first at equal times hangs on the same order (tied-joins.ts)',
  },
  {
    what: 'emissions once in an interval, of what a cache holds while the wall clock advances',
    reason:
      'Kafka Streams counts the interval from the time when a record was processed last, Millrace from the time of the commit ' +
      'that flushes the cache',
  },
  {
    what: 'entries of windows past the retention of their store',
    reason: "which of them Java's stores still show depends on segments and caches (expired-windows.ts)",
  },
  {
    what: "what the user's own processors make of late records, if they read windows or sessions past the retention of a cached store",
    reason: "Java's caches still find those, until there is no room for them; its stores do not (expired-windows.ts)",
  },
  {
    what: 'records without a key in a left join with grace',
    reason: 'Kafka Streams 4.3.1 fails on them, with a NullPointerException',
  },
  {
    what: 'the time of records in the changelogs of suppress and of joins with grace',
    reason: "Java leaves it to the producer, and the producer of Java's driver has none",
  },
  {
    what: 'stream-time punctuation in topologies of several sub-topologies',
    reason: "Java's driver has one stream time for all of them; in an application each task has its own",
  },
  {
    what: 'contents of the buffers of joins with grace',
    reason: 'Java orders them by keys of its own; their changelogs are compared record by record',
  },
  {
    what: 'windows emitted on close, and joins of streams, with stores in memory',
    reason:
      'those of Kafka Streams 4.3.1 forget a window, past its retention, with the record that closes it, and with records ' +
      'that have no value; its RocksDB stores do not',
  },
  {
    what: 'stores of the entries used last, below a cache',
    reason:
      'in Kafka Streams the cache still finds what the store below it has dropped, for as long as there is room in it; in ' +
      'Millrace the bound is the same with caching and without',
  },
  {
    what: 'stores of the entries used last that records of several topics use, if one input feeds those',
    reason:
      'which entry goes hangs on the order of the records, and of equal time they are taken in one that nobody promises ' +
      '(tied-joins.ts): those to aggregate, say, and the responses to a foreign-key join that looks the aggregate up',
  },
  {
    what: 'filters of windowed, cogrouped tables below a versioned table',
    reason:
      'Kafka Streams 4.3.1 takes those windows for versioned and emits a deletion for each row that the filter never let ' +
      'through (windowed-cogroups.ts)',
  },
  {
    what: 'reading a cached store backward',
    reason: 'Kafka Streams 4.3.1 shows keys that are deleted, until the cache is flushed',
  },
  {
    what: "the partitions' own times of several topics that one pattern matches",
    reason: "Java's driver has one partition for all topics of a pattern",
  },
  {
    what: 'the offsets that suppress and joins with grace keep, below several topics that one pattern matches',
    reason: "Java's driver counts offsets by pattern, a cluster by partition of a topic (pattern-offsets.ts)",
  },
  {
    what: 'serdes that are left out where the DSL does not know them',
    reason: 'Java takes those of its configuration, Millrace has none there and refuses the topology',
  },
  {
    what: 'joins of streams at the very same time',
    reason: 'Kafka Streams 4.3.1 builds those windows of no length and then fails to start; Millrace joins',
  },
  { what: 'what print prints', reason: 'it is for people; the node is compared' },
  {
    what: 'joins that look up windows or sessions of a cogrouped stream',
    reason: 'Kafka Streams 4.3.1 takes their store for one of values by key, and fails to start; Millrace joins',
  },
  { what: 'joins of tables of windows', reason: 'Kafka Streams 4.3.1 refuses them when it starts' },
  {
    what: 'read-only state stores',
    reason: 'only the Topology of Java has them, not its StreamsBuilder',
  },
  {
    what: 'partitioners of joins by foreign key',
    reason:
      "with the one partition of Java's driver they decide nothing; the default one is compared among the formats",
  },
  {
    what: 'user functions that throw',
    reason: 'what then happens is up to the policies of each side, which go by other names and have tests of their own',
  },
  {
    what: 'records of a negative time in the topic of a global table or store',
    reason: 'Kafka Streams ends with "Malformed Record"; Millrace takes them, whatever the policy for other topics is',
    open: true,
  },
  {
    what: 'lists that end with an element of no bytes, read',
    reason: "Kafka's ListDeserializer refuses them, though its serializer writes them; Millrace reads them",
  },
  {
    what: 'strings with an encoded surrogate, which is no UTF-8, read',
    reason:
      'Java makes one U+FFFD of its three bytes; the encoding standard, and with it every decoder of JavaScript, three',
  },
  {
    what: 'text with half of a surrogate pair, written',
    reason: 'UTF-8 has no form for it: Java writes a question mark, Millrace refuses the record',
  },
  {
    what: 'how segments and versions lie on disk',
    reason: 'local formats, which nobody hands over: the changelogs do that, and are compared',
  },
]

/** Names of the nodes that depend on the one stream time that Java's driver has for several sub-topologies. */
export function sharedStreamTime(topology: TopologySpec, { subTopologies, stores }: Plan): readonly string[] {
  if (subTopologies.length <= 1) return []
  const held = topology.flatMap(step => ('processor' in step && step.processor === 'hold' ? [step.store] : []))
  const names = topology.flatMap(step => (step.op === 'addStore' && held.includes(step.id) ? [step.store.name] : []))
  return stores.flatMap(({ name, processors }) => (names.includes(name) ? processors : []))
}
