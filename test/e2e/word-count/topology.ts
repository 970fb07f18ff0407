import { long, StreamsBuilder, string } from 'millrace'

/** Word count as every introduction to Kafka Streams has it: lines in, `word → count` out, a repartition topic between. */
export function wordCount(topics: { readonly lines: string; readonly counts: string }) {
  const builder = new StreamsBuilder()
  builder
    .stream(topics.lines, { key: string(), value: string() })
    .flatMapValues(line => line.split(' '))
    .groupBy(word => word, { key: string(), value: string() })
    .count({ store: 'counts' })
    .toStream()
    .to(topics.counts, { key: string(), value: long() })
  return builder.build()
}
