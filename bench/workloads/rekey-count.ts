import { json, long, string } from '@millrace/core'
import { pageViews } from '../compare/inputs.ts'
import type { ThroughputWorkload } from '../compare/workload.ts'

const rekeyCount: ThroughputWorkload = {
  kind: 'throughput',
  id: 'rekey-count',
  title: 're-keyed, re-partitioned, counted',
  goal: { atLeast: 2 },
  inputs: { views: pageViews({ records: 2_000_000, keys: 100_000 }) },
  compare: 'last',
  topology: {
    millrace(builder, topics) {
      builder
        .stream(topics.in['views']!, { key: string(), value: json<{ readonly page: string }>() })
        .groupBy(view => view.page, { key: string() })
        .count({ store: 'counts' })
        .toStream()
        .to(topics.out, { key: string(), value: long() })
    },
    java: `
      builder.stream(in("views"), Consumed.with(Serdes.String(), JSON_SERDE))
          .groupBy((user, view) -> view.get("page").asText(), Grouped.with(Serdes.String(), JSON_SERDE))
          .count(Materialized.as("counts"))
          .toStream()
          .to(out(), Produced.with(Serdes.String(), Serdes.Long()));
    `,
  },
}

export const workloads = [
  rekeyCount,
  {
    ...rekeyCount,
    id: 'eos-rekey-count',
    title: 're-keyed and counted, exactly once, a commit each 100 ms',
    goal: { atLeast: 2.5 },
    guarantee: 'exactly_once',
    costAgainst: 'rekey-count',
  },
] satisfies readonly ThroughputWorkload[]
