/** The tags of a metric, as in Kafka Streams. */
export type MetricTags = Readonly<Record<string, string>>

export interface MetricReading {
  readonly name: string
  readonly tags: MetricTags
  readonly value: number
}

/** The counters and gauges of an application. Their names are those of Kafka Streams if it has the metric. */
export class Metrics {
  readonly #counters = new Map<string, { readonly name: string; readonly tags: MetricTags; value: number }>()
  readonly #gauges: { readonly name: string; readonly tags: MetricTags; readonly read: () => number }[] = []

  count(name: string, tags: MetricTags, by = 1): void {
    const key = `${name} ${JSON.stringify(tags)}`
    const counter = this.#counters.get(key)
    if (counter === undefined) this.#counters.set(key, { name, tags, value: by })
    else counter.value += by
  }

  gauge(name: string, tags: MetricTags, read: () => number): void {
    this.#gauges.push({ name, tags, read })
  }

  readings(): readonly MetricReading[] {
    const counters = [...this.#counters.values()].map(({ name, tags, value }) => ({ name, tags, value }))
    return [...counters, ...this.#gauges.map(({ name, tags, read }) => ({ name, tags, value: read() }))]
  }

  /** Returns the sum of a counter over all its tags. */
  total(name: string): number {
    let sum = 0
    for (const counter of this.#counters.values()) if (counter.name === name) sum += counter.value
    return sum
  }
}
