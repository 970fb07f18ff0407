import { long, StreamsBuilder, string } from 'millrace'

/** Counts the records of each key of `in`, in one task with one store. */
export function countByKey() {
  const builder = new StreamsBuilder()
  builder
    .stream('in', { key: string(), value: string() })
    .groupByKey()
    .count({ store: 'counts' })
    .toStream()
    .to('out', { key: string(), value: long() })
  return builder.build()
}
