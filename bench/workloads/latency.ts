import { bytes } from '@millrace/core'
import type { LatencyWorkload } from '../compare/workload.ts'

const common = {
  kind: 'latency',
  rate: 5_000,
  topology: {
    millrace(builder, topics) {
      builder.stream(topics.in['in']!, { key: bytes(), value: bytes() }).to(topics.out)
    },
    java: `
      builder.stream(in("in"), Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()))
          .to(out(), Produced.with(Serdes.ByteArray(), Serdes.ByteArray()));
    `,
  },
} as const satisfies Partial<LatencyWorkload>

export const workloads = [
  {
    ...common,
    id: 'latency-alo',
    title: 'latency at 5 000 records/s, at least once, defaults',
    goal: { atMost: 0.2 },
    defaults: true,
  },
  {
    ...common,
    id: 'latency-eos',
    title: 'latency at 5 000 records/s, exactly once, a commit each 100 ms',
    goal: { atMost: 0.8 },
    guarantee: 'exactly_once',
  },
  {
    ...common,
    id: 'latency-eos-25',
    title: 'latency at 5 000 records/s, exactly once, a commit each 25 ms',
    goal: { atMost: 0.4 },
    guarantee: 'exactly_once',
    commitIntervalMs: 25,
  },
] satisfies readonly LatencyWorkload[]
