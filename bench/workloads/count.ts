import { long, string } from '@millrace/core'
import { pageViews } from '../compare/inputs.ts'
import type { ThroughputWorkload, Topology } from '../compare/workload.ts'

const topology: Topology = {
  millrace(builder, topics) {
    builder
      .stream(topics.in['views']!, { key: string(), value: string() })
      .groupByKey()
      .count({ store: 'counts' })
      .toStream()
      .to(topics.out, { key: string(), value: long() })
  },
  java: `
    builder.stream(in("views"), STRINGS)
        .groupByKey()
        .count(Materialized.as("counts"))
        .toStream()
        .to(out(), Produced.with(Serdes.String(), Serdes.Long()));
  `,
}

export const count: ThroughputWorkload = {
  kind: 'throughput',
  id: 'count-100k',
  title: 'count by key, 100 k keys',
  goal: { atLeast: 2.5 },
  inputs: { views: pageViews({ records: 2_000_000, keys: 100_000 }) },
  compare: 'last',
  topology,
}

export const workloads = [
  count,
  {
    ...count,
    id: 'count-2m',
    title: 'count by key, 2 M keys, cache far smaller than the state',
    goal: { atLeast: 1.8 },
    inputs: { views: pageViews({ records: 3_000_000, keys: 2_000_000 }) },
    cacheBytes: 16 << 20,
  },
  {
    ...count,
    id: 'eos-count-100k',
    title: 'count by key, exactly once, a commit each 100 ms',
    goal: { atLeast: 2.5 },
    guarantee: 'exactly_once',
    costAgainst: 'count-100k',
  },
] satisfies readonly ThroughputWorkload[]
