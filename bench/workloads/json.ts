import { json, string } from '@millrace/core'
import { pageViews } from '../compare/inputs.ts'
import type { ThroughputWorkload } from '../compare/workload.ts'

interface PageView {
  readonly user: string
  readonly page: string
  readonly ms: number
}

export const workloads = [
  {
    kind: 'throughput',
    id: 'json',
    title: 'JSON parsed, filtered, mapped, written',
    goal: { atLeast: 2 },
    inputs: { views: pageViews({ records: 4_000_000, keys: 100_000 }) },
    compare: 'each',
    topology: {
      millrace(builder, topics) {
        builder
          .stream(topics.in['views']!, { key: string(), value: json<PageView>() })
          .filter(view => view.ms < 4000)
          .mapValues(({ user, page, ms }) => ({ user, page, ms }))
          .to(topics.out, { value: json() })
      },
      java: `
      builder.stream(in("views"), STRINGS)
          .mapValues(text -> parse(text))
          .filter((user, view) -> view.get("ms").asInt() < 4000)
          .mapValues(view -> {
            ObjectNode mapped = JSON.createObjectNode();
            mapped.set("user", view.get("user"));
            mapped.set("page", view.get("page"));
            mapped.set("ms", view.get("ms"));
            return mapped.toString();
          })
          .to(out(), Produced.with(Serdes.String(), Serdes.String()));
    `,
    },
  },
] satisfies readonly ThroughputWorkload[]
