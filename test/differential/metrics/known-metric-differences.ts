import { METRIC_LEVELS } from '@millrace/runtime'

export interface KnownDifference {
  /** Who has it alone, or what differs. */
  readonly in: 'java' | 'millrace' | 'level' | 'value'
  readonly group: string
  readonly names: RegExp
  /** Only with these tags. */
  readonly tags?: RegExp
  readonly reason: string
}

const { client, node, task, store, topic } = METRIC_LEVELS

/** The start of what RocksDB's own statistics are called. */
const ROCKSDB =
  /^(background-errors|block-cache|bytes-|compaction-|cur-size|estimate-|live-sst|mem-table|memtable-|num-(blob|deletes|entries|immutable|live|running|snapshots)|number-|size-all|total-|write-stall)/

/** Where the metrics of Kafka Streams and Millrace differ, and why. Every other difference is a defect. */
export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    in: 'java',
    group: client.group,
    names: /^(version|commit-id)$/,
    reason: 'the versions are in package.json and in the lockfile',
  },
  {
    in: 'java',
    group: client.group,
    names: /^topology-description$/,
    reason: 'describeTopology(streams.plan) gives it; as a metric it would be sent with each scrape',
  },
  {
    in: 'millrace',
    group: node.group,
    names: /^dropped-records$/,
    reason: 'by node and reason; the sum is dropped-records-total of the task, as in Kafka Streams',
  },
  {
    in: 'millrace',
    group: node.group,
    names: /^process-(rate|total)$/,
    reason: 'of all nodes; Kafka Streams has it of sources only',
  },
  {
    in: 'java',
    group: node.group,
    names: /^window-aggregate-final-emit-latency/,
    reason: 'not measured: results are emitted with the record that closes the window, which process-latency has',
  },
  {
    in: 'java',
    group: node.group,
    names: /^window-aggregate-final-emit-(rate|total)$/,
    reason: 'Millrace has it of nodes that emit when windows close; Kafka Streams of all windows, with 0',
  },
  {
    in: 'java',
    group: store.group,
    names: ROCKSDB,
    reason: 'the binding of RocksDB gives no statistics',
  },
  {
    in: 'java',
    group: store.group,
    names: /^flush-/,
    reason: 'Kafka Streams 4.3 registers it and records commit in its place',
  },
  {
    in: 'java',
    group: store.group,
    names: /^remove-/,
    reason: 'a removal is a put of null, and counted with puts',
  },
  { in: 'java', group: store.group, names: /^put-all-/, reason: 'stores have no putAll' },
  {
    in: 'java',
    group: store.group,
    names: /^restore-/,
    reason: 'a restore is measured by task: restore-total, restore-remaining-records-total, and the events of restores',
  },
  {
    in: 'java',
    group: store.group,
    names: /^suppression-buffer-/,
    reason: 'not measured: what suppress holds back is a part of cache-size-bytes-total',
  },
  {
    in: 'level',
    group: store.group,
    names: /^num-open-iterators$/,
    reason: 'iterators are looked after from DEBUG on, since that costs each entry time',
  },
  {
    in: 'value',
    group: topic.group,
    names: /^bytes-consumed-total$/,
    tags: /topic=words/,
    reason: 'one of the records has no key, which Kafka Streams counts as -1 bytes',
  },
  {
    in: 'millrace',
    group: task.group,
    names: /^(input-buffer-bytes|records-lag|stream-time)$/,
    reason:
      'Kafka Streams has records-lag in the metrics of its consumer, for records that are not fetched, and the others not at all',
  },
  {
    in: 'level',
    group: task.group,
    names: /^(active-buffer-count|cache-size-bytes-total|process-(rate|total))$/,
    reason: 'INFO instead of DEBUG: it costs nothing, since it is read when somebody asks, or counted once a turn',
  },
]
