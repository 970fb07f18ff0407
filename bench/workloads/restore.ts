import { string } from '@millrace/core'
import type { RestoreWorkload } from '../compare/workload.ts'

const restore: Omit<RestoreWorkload, 'id' | 'title' | 'partitions'> = {
  kind: 'restore',
  goal: { atLeast: 1 },
  store: 'counts',
  records: 3_000_000,
  topology: {
    millrace(builder, topics) {
      builder.stream(topics.in['in']!, { key: string(), value: string() }).groupByKey().count({ store: 'counts' })
    },
    java: `
      builder.stream(in("in"), STRINGS).groupByKey().count(Materialized.as("counts"));
    `,
  },
}

export const workloads = [
  { ...restore, id: 'restore-1', title: 'restore 3 M records in one task', partitions: 1 },
  { ...restore, id: 'restore-8', title: 'restore 3 M records in eight tasks', partitions: 8 },
] satisfies readonly RestoreWorkload[]
