import { bytes, json, long, type Plan, StreamsBuilder, string } from '@millrace/core'

/** One job of the engine bench: the same that `bench/java` runs on Kafka Streams. */
export interface Workload {
  readonly name: 'repartition' | 'filter-map' | 'count'
  readonly title: string
  /** What issue and architecture ask of it, in records a second on one thread. */
  readonly goal: number
  plan(input: string, output: string): Plan
}

interface PageView {
  readonly user: string
  readonly page: string
  readonly ms: number
  readonly ref: string
}

export const WORKLOADS: readonly Workload[] = [
  {
    name: 'repartition',
    title: 'bytes, re-partitioned by key',
    goal: 1_500_000,
    plan(input, output) {
      const builder = new StreamsBuilder()
      builder.stream(input, { key: bytes(), value: bytes() }).to(output)
      return builder.build()
    },
  },
  {
    name: 'filter-map',
    title: 'JSON parsed, filtered, mapped, written',
    goal: 600_000,
    plan(input, output) {
      const builder = new StreamsBuilder()
      builder
        .stream(input, { key: string(), value: json<PageView>() })
        .filter(view => view.ms < 4000)
        .mapValues(({ user, page, ms }) => ({ user, page, ms }))
        .to(output, { value: json() })
      return builder.build()
    },
  },
  {
    name: 'count',
    title: 'count by key, changelog and store',
    goal: 500_000,
    plan(input, output) {
      const builder = new StreamsBuilder()
      builder
        .stream(input, { key: string(), value: string() })
        .groupByKey()
        .count({ store: 'counts' })
        .toStream()
        .to(output, { key: string(), value: long() })
      return builder.build()
    },
  },
]
