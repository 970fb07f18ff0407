import { type Plan, StreamsBuilder, string } from 'millrace'

/** The last value of each key, through a store with a changelog of its own. */
export function lastValues(topic: string): Plan {
  const builder = new StreamsBuilder()
  builder
    .stream(topic, { key: string(), value: string() })
    .groupByKey()
    .aggregate(
      () => '',
      (_, value) => value,
      { store: 'last', value: string() },
    )
  return builder.build()
}
