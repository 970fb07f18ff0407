import type { Described } from './compare-describe.ts'

/** What is not compared, each with its reason. Anything else that differs is a defect of ours until shown otherwise. */
export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    what: 'a named grouping that is aggregated twice, with a join of the first result in between',
    reason:
      'Kafka Streams 4.3.1 refuses it: the second aggregation puts the shared repartition node, and with it the first ' +
      'aggregation, behind the join in the order in which nodes are written. Millrace writes a store before its reader.',
    applies: (ours, java) => 'described' in ours && 'refused' in java && java.refused.includes('is not added yet'),
  },
  {
    what: 'repartition topics below one branch or processor of a re-keyed stream, merged by the optimiser',
    reason:
      'Kafka Streams 4.3.1 fails in its own optimiser: it looks for the change of key above one of the repartition topics ' +
      'and does not find it through a branch, or through processValues, that another of them hangs below. Millrace builds the topology.',
    applies: (ours, java) =>
      'described' in ours && 'refused' in java && java.refused.includes('Found a null keyChangingChild node'),
  },
  {
    what: 'a named grouping that is aggregated, and then cogrouped and aggregated',
    reason:
      'Kafka Streams 4.3.1 refuses it: the cogroup adds the repartition topic of the grouping once more under the same ' +
      'name. Millrace lets both read one topic.',
    applies: (ours, java) =>
      'described' in ours && 'refused' in java && /Processor .* is already added/.test(java.refused),
  },
  {
    what: 'a topology that reads no topic',
    reason: 'Millrace refuses it when it is built, Kafka Streams when it is started.',
    applies: ours => 'refused' in ours && ours.refused.includes('MILLRACE_TOPOLOGY_EMPTY'),
  },
]

interface KnownDifference {
  readonly what: string
  readonly reason: string
  readonly applies: (ours: Described, java: Described) => boolean
}

/** The one that explains a difference, if any does. */
export function knownDifference(ours: Described, java: Described): KnownDifference | undefined {
  return KNOWN_DIFFERENCES.find(({ applies }) => applies(ours, java))
}

/** What Kafka Streams itself fails on when it runs, where Millrace gives results (docs/kafka-streams-notes.md). */
export const KNOWN_FAILURES: readonly { readonly what: string; readonly thrown: RegExp }[] = [
  {
    // It takes their store for one of values by key.
    what: 'something looks up a table of windows or sessions that comes of a cogrouped stream',
    thrown: /KTable source state store must implement [^]*Got: \S*\$\w*(Window|Session)Store/,
  },
  {
    what: 'sliding windows of difference 0',
    thrown: /Window endMs must be greater than window startMs/,
  },
  {
    what: 'a table that is held back below a punctuation',
    thrown: /Failed to flush cache of store [^]*"this\.topic" is null/,
  },
  {
    what: 'a stream that is held back for a join with grace below a punctuation',
    thrown: /caught while punctuating [^]*String\.getBytes[^]*"this\.topic" is null/,
  },
  {
    what: 'sliding windows with a cache, of an aggregator that has given null',
    thrown: /"next\.value" is null/,
  },
  {
    what: 'a join by foreign key below a punctuation',
    thrown: /KTABLE-FK-JOIN-[^]*Invalid partition: -1/,
  },
]

/** Whether Kafka Streams has failed on something of its own. */
export function knownFailure(java: string): boolean {
  return KNOWN_FAILURES.some(({ thrown }) => thrown.test(java))
}
