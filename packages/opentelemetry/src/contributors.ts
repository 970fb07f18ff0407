import type { SpanContext } from '@opentelemetry/api'

/** Traces that have written an entry of a store are kept for this many entries of a task, and for each this many. */
const MOST_ENTRIES = 10_000
const MOST_TRACES = 8

/**
 * Which traces have contributed to the entries of a task's stores, the latest ones. In memory, and bounded: it does not outlive a restart, nor a
 * task that moves.
 */
export class Contributors {
  /** The entry that was written longest ago comes first. */
  readonly #entries = new Map<string, readonly SpanContext[]>()

  add(entry: string, context: SpanContext): void {
    const before = this.#entries.get(entry) ?? []
    this.#entries.delete(entry)
    this.#entries.set(
      entry,
      [...before.filter(({ traceId }) => traceId !== context.traceId), context].slice(-MOST_TRACES),
    )
    if (this.#entries.size <= MOST_ENTRIES) return
    const [oldest] = this.#entries.keys()
    this.#entries.delete(oldest!)
  }

  /** The traces other than this one that have written the entry. */
  of(entry: string, traceId: string): readonly SpanContext[] {
    return (this.#entries.get(entry) ?? []).filter(other => other.traceId !== traceId)
  }
}
