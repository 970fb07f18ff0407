import type { RecordContext, RecordOrigin } from './record-context.ts'

type Source = Omit<RecordOrigin, 'offset'>

/** Sources that an instance can tell apart. Offsets up to 2^37 fit beside them into a safe integer. */
const MOST_SOURCES = 2 ** 16
const MOST_OFFSETS = Number.MAX_SAFE_INTEGER / MOST_SOURCES - 1

/**
 * What appended records are made of, as one number each: a producer keeps one for every record of a batch that is not sent yet, and
 * an object for each would cost more than to encode the record.
 */
export class RecordOrigins {
  readonly #sources: Source[] = []
  readonly #indexes = new Map<string, number>()

  /** For `AppenderOptions.origin`. */
  appender(context: RecordContext, node: string): () => unknown {
    let topic: string | null | undefined
    let partition = -1
    let late = false
    let index = -1
    return () => {
      if (context.topic !== topic || context.partition !== partition || context.flushing !== late) {
        const { offset: _, ...source } = context.origin(node)
        ;({ topic, partition, late } = source)
        index = this.#indexOf(source)
      }
      const { offset } = context
      return index >= 0 && offset < MOST_OFFSETS ? (offset + 1) * MOST_SOURCES + index : context.origin(node)
    }
  }

  of(origin: unknown): RecordOrigin {
    if (typeof origin !== 'number') return origin as RecordOrigin
    const source = this.#sources[origin % MOST_SOURCES]!
    return { ...source, offset: Math.floor(origin / MOST_SOURCES) - 1 }
  }

  /** -1 when there are too many. */
  #indexOf(source: Source): number {
    const name = JSON.stringify(source)
    const known = this.#indexes.get(name)
    if (known !== undefined) return known
    const index = this.#sources.length
    if (index === MOST_SOURCES) return -1
    this.#sources.push(source)
    this.#indexes.set(name, index)
    return index
  }
}
