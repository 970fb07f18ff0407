import { bytes } from '@millrace/core'
import { pageViews } from '../compare/inputs.ts'
import type { ThroughputWorkload, Topology } from '../compare/workload.ts'

const topology: Topology = {
  millrace(builder, topics) {
    builder.stream(topics.in['views']!, { key: bytes(), value: bytes() }).to(topics.out)
  },
  java: `
    builder.stream(in("views"), Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()))
        .to(out(), Produced.with(Serdes.ByteArray(), Serdes.ByteArray()));
  `,
}

const passthrough: ThroughputWorkload = {
  kind: 'throughput',
  id: 'passthrough',
  title: 'bytes through, re-partitioned by key',
  goal: { atLeast: 3 },
  inputs: { views: pageViews({ records: 10_000_000, keys: 100_000 }) },
  compare: 'each',
  topology,
}

export const workloads = [
  passthrough,
  {
    ...passthrough,
    id: 'eos-passthrough',
    title: 'bytes through, exactly once, a commit each 100 ms',
    goal: { atLeast: 2.5 },
    guarantee: 'exactly_once',
    costAgainst: 'passthrough',
  },
] satisfies readonly ThroughputWorkload[]
