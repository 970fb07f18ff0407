import { millraceError, notReady, type Serde } from '@millrace/core'

/**
 * A service that gives each topic a label, as a schema registry gives each schema an id. It answers later, and may be away. Each
 * client keeps what it has asked for.
 */
export class LabelService {
  /** Requests that fail before the next one is answered. */
  failures = 0
  requests = 0
  /** Turns of the queue of promises until an answer comes. */
  delay = 1
  readonly #labels: string[] = []

  async labelOf(topic: string): Promise<number> {
    await this.#answer()
    if (!this.#labels.includes(topic)) this.#labels.push(topic)
    return this.#labels.indexOf(topic) + 1
  }

  async topicOf(label: number): Promise<string | undefined> {
    await this.#answer()
    return this.#labels[label - 1]
  }

  async #answer(): Promise<void> {
    this.requests += 1
    for (let turn = 0; turn < this.delay; turn++) await Promise.resolve()
    if (this.failures === 0) return
    this.failures -= 1
    throw millraceError('MILLRACE_CLIENT_UNAVAILABLE', { brokers: 'the label service', reason: 'it is away' })
  }
}

export interface LabelOptions {
  /** Whether the serde fetches labels before a task starts, or when it meets them. */
  readonly prepares: boolean
  /** Asked at each use: true makes the serde forget all that it has fetched, as a restart does. @default never */
  readonly forgets?: () => boolean
}

/** Texts behind the label of the topic that they were written for. */
export function labelled(service: LabelService, { prepares, forgets }: LabelOptions): Serde<string> {
  const labels = new Map<string, number>()
  const known = new Map<number, string | undefined>()
  const learn = async (topic: string): Promise<void> => {
    const label = await service.labelOf(topic)
    labels.set(topic, label)
    known.set(label, topic)
  }
  const use = (): void => {
    if (forgets?.() !== true) return
    labels.clear()
    known.clear()
  }
  return {
    name: 'labelled',
    serialize(value, topic) {
      use()
      const label = labels.get(topic)
      if (label === undefined) throw notReady(`the label of ${topic}`, learn(topic))
      return Buffer.concat([Buffer.of(label), Buffer.from(value)])
    },
    deserialize(bytes) {
      use()
      const label = bytes[0]!
      if (!known.has(label)) {
        const fetched = service.topicOf(label).then(topic => void known.set(label, topic))
        throw notReady(`the label ${label}`, fetched)
      }
      if (known.get(label) === undefined)
        throw millraceError('MILLRACE_SERDE_DECODE', { serde: 'labelled', reason: `no label ${label}` })
      return Buffer.from(bytes.subarray(1)).toString()
    },
    ...(prepares && { prepare: learn }),
  }
}
