import {
  hopping,
  sessions,
  sliding,
  type SlidingWindowsSpec,
  string,
  type TimeWindowsSpec,
  tumbling,
} from '@millrace/core'
import { pageViews } from '../compare/inputs.ts'
import type { ThroughputWorkload, Topology } from '../compare/workload.ts'

/** A key has a record each ten seconds on average. */
const views = pageViews({ records: 1_000_000, keys: 10_000 })
/** Where a run with those would be over after two commits. */
const manyViews = pageViews({ records: 4_000_000, keys: 10_000 })

const common = { kind: 'throughput', goal: { atLeast: 2 }, inputs: { views }, compare: 'last' } as const

/** A count for each window of each key. */
function timeWindows(windows: TimeWindowsSpec | SlidingWindowsSpec, java: string, sizeMs: number): Topology {
  return {
    millrace(builder, topics) {
      builder
        .stream(topics.in['views']!, { key: string(), value: string() })
        .groupByKey()
        .windowedBy(windows)
        .count({ store: 'counts' })
        .toStream()
        .to(topics.out)
    },
    java: `
      builder.stream(in("views"), STRINGS)
          .groupByKey()
          .windowedBy(${java})
          .count(Materialized.as("counts"))
          .toStream()
          .to(out(), Produced.with(WindowedSerdes.timeWindowedSerdeFrom(String.class, ${sizeMs}L), Serdes.Long()));
    `,
  }
}

export const workloads = [
  {
    ...common,
    id: 'window-tumbling',
    title: 'count in tumbling windows of a minute',
    inputs: { views: manyViews },
    topology: timeWindows(
      tumbling({ sizeMs: 60_000, graceMs: 0 }),
      'TimeWindows.ofSizeWithNoGrace(Duration.ofMillis(60_000))',
      60_000,
    ),
  },
  {
    ...common,
    id: 'window-hopping',
    title: 'count in hopping windows, five overlapping',
    topology: timeWindows(
      hopping({ sizeMs: 60_000, advanceMs: 12_000, graceMs: 0 }),
      'TimeWindows.ofSizeWithNoGrace(Duration.ofMillis(60_000)).advanceBy(Duration.ofMillis(12_000))',
      60_000,
    ),
  },
  {
    ...common,
    id: 'window-session',
    title: 'count in sessions',
    topology: {
      millrace(builder, topics) {
        builder
          .stream(topics.in['views']!, { key: string(), value: string() })
          .groupByKey()
          .windowedBy(sessions({ inactivityGapMs: 10_000, graceMs: 0 }))
          .count({ store: 'counts' })
          .toStream()
          .to(topics.out)
      },
      java: `
        builder.stream(in("views"), STRINGS)
            .groupByKey()
            .windowedBy(SessionWindows.ofInactivityGapWithNoGrace(Duration.ofMillis(10_000)))
            .count(Materialized.as("counts"))
            .toStream()
            .to(out(), Produced.with(WindowedSerdes.sessionWindowedSerdeFrom(String.class), Serdes.Long()));
      `,
    },
  },
  {
    ...common,
    id: 'window-sliding',
    title: 'count in sliding windows of ten seconds',
    topology: timeWindows(
      sliding({ timeDifferenceMs: 10_000, graceMs: 0 }),
      'SlidingWindows.ofTimeDifferenceWithNoGrace(Duration.ofMillis(10_000))',
      10_000,
    ),
  },
] satisfies readonly ThroughputWorkload[]
