import { type Plan, StreamsBuilder, long, string, timeWindowed, tumbling } from 'millrace'

export const WINDOW_MS = 10_000
export const COUNTS = { key: timeWindowed(string(), { sizeMs: WINDOW_MS }), value: long() }

/** Counts the records of each key in each window. A result comes when its window closes. */
export function windowedCounts(topics: { readonly input: string; readonly output: string }): Plan {
  const builder = new StreamsBuilder()
  builder
    .stream(topics.input, { key: string(), value: string() })
    .groupByKey()
    .windowedBy(tumbling({ sizeMs: WINDOW_MS, graceMs: 0 }), { emitStrategy: 'on-close' })
    .count({ store: 'counts' })
    .toStream()
    .to(topics.output, COUNTS)
  return builder.build()
}
