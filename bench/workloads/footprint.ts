import { long, string } from '@millrace/core'
import { pageViews } from '../compare/inputs.ts'
import type { FootprintWorkload, InstallationWorkload } from '../compare/workload.ts'

const footprint: Omit<FootprintWorkload, 'id' | 'title' | 'measure'> = {
  kind: 'footprint',
  goal: { atMost: 1 },
  input: pageViews({ records: 10_000, keys: 1_000 }),
  // A first output must not wait for a commit each second.
  commitIntervalMs: 50,
  topology: {
    millrace(builder, topics) {
      builder
        .stream(topics.in['in']!, { key: string(), value: string() })
        .groupByKey()
        .count({ store: 'counts' })
        .toStream()
        .to(topics.out, { key: string(), value: long() })
    },
    java: `
      builder.stream(in("in"), STRINGS)
          .groupByKey()
          .count(Materialized.as("counts"))
          .toStream()
          .to(out(), Produced.with(Serdes.String(), Serdes.Long()));
    `,
  },
}

export const workloads = [
  {
    ...footprint,
    id: 'footprint-start-up',
    title: 'ms from the start of the process to its first output',
    measure: 'start-up',
  },
  { ...footprint, id: 'footprint-memory', title: 'MB at rest, with a small store', measure: 'memory-at-rest' },
  {
    kind: 'installation',
    id: 'footprint-installation',
    title: 'MB on disk with all dependencies, without the JVM and without Node.js',
    goal: { atMost: 1 },
  },
] satisfies readonly (FootprintWorkload | InstallationWorkload)[]
