import { type AppenderOptions, ByteSink, type Headers, type Producer, type TopicAppender } from '@millrace/core'

interface HeldRecord {
  readonly appender: TopicAppender
  partition: number
  timestamp: number
  keyStart: number
  keyEnd: number
  valueStart: number
  valueEnd: number
  headers: Headers
}

/**
 * What a record of the input sends, held until it is known that the record is not given up. So a record that is given up has
 * sent nothing, however many outputs and changelogs it had been through before. Outside `begin` and `release` nothing is held.
 */
export class HeldOutput {
  readonly #producer: Pick<Producer, 'topic'>
  readonly #bytes = new ByteSink(1024)
  #records: HeldRecord[] = []
  #holds = false

  constructor(producer: Pick<Producer, 'topic'>) {
    this.#producer = producer
  }

  get holds(): boolean {
    return this.#holds
  }

  get length(): number {
    return this.#records.length
  }

  topic(name: string, options?: AppenderOptions): TopicAppender {
    return this.#holding(this.#producer.topic(name, options))
  }

  begin(): void {
    this.#holds = true
  }

  /** Sends what is held. It fits: that was checked when it came. */
  release(): void {
    this.#holds = false
    if (this.#records.length === 0) return
    const { buffer } = this.#bytes
    for (const record of this.#records) {
      const { appender, partition, timestamp, keyStart, keyEnd, valueStart, valueEnd, headers } = record
      appender.append(partition, timestamp, buffer, keyStart, keyEnd, buffer, valueStart, valueEnd, headers)
    }
    this.#records.length = 0
    this.#bytes.position = 0
  }

  /** Forgets what has come since there were `length` records, and goes on holding. */
  dropTo(length: number): void {
    this.#records.length = length
    if (length === 0) this.#bytes.position = 0
  }

  /** Forgets everything. */
  drop(): void {
    this.dropTo(0)
    this.#holds = false
  }

  #holding(appender: TopicAppender): TopicAppender {
    return {
      topic: appender.topic,
      check: (...sizes) => appender.check(...sizes),
      append: (partition, timestamp, keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd, headers) => {
        if (!this.#holds) {
          return appender.append(
            partition,
            timestamp,
            keyBytes,
            keyStart,
            keyEnd,
            valueBytes,
            valueStart,
            valueEnd,
            headers,
          )
        }
        appender.check(keyStart, keyEnd, valueStart, valueEnd, headers, timestamp)
        const keyAt = this.#copy(keyBytes, keyStart, keyEnd)
        const valueAt = this.#copy(valueBytes, valueStart, valueEnd)
        this.#records.push({
          appender,
          partition,
          timestamp,
          keyStart: keyAt,
          keyEnd: keyAt + keyEnd - keyStart,
          valueStart: valueAt,
          valueEnd: valueAt + valueEnd - valueStart,
          headers,
        })
      },
    }
  }

  /** Where the bytes begin here; -1 for null. */
  #copy(bytes: Buffer, start: number, end: number): number {
    if (start < 0) return -1
    const sink = this.#bytes
    const length = end - start
    sink.reserve(length)
    const at = sink.position
    bytes.copy(sink.buffer, at, start, end)
    sink.position = at + length
    return at
  }
}
