import { type Clock, isMillraceError, type KafkaClient, type Plan, type StorePlan, topicNaming } from '@millrace/core'
import { changedKeys, type LiveEvent, liveQuery, type LiveQueries, type LiveResume } from '@millrace/runtime'
import { contentsAt, difference, isFollowable, keyText, type LiveContents } from './live-contents.ts'
import { readCommitted } from './read-records.ts'
import type { SimulatedMember } from './member-watch.ts'
import { APPLICATION_ID } from './process-world.ts'

/** What a reader had of a partition after an event. */
interface Seen {
  readonly position: number
  readonly rows: LiveContents
}

/**
 * Follows the stores of a run with transactions by live queries, which go from process to process as partitions move, and looks at the end whether
 * what a reader had after each event is what the changelog says up to the position of the event. So a gap, a repetition that undoes a change, and
 * anything that was not committed are seen.
 */
export class LiveOracle {
  readonly #plan: Plan
  readonly #clock: Clock
  readonly #honest: KafkaClient
  readonly #real: (topic: string) => string
  readonly #stores: readonly StorePlan[]
  readonly #readers = new Map<string, LiveReader>()

  constructor(plan: Plan, clock: Clock, honest: KafkaClient) {
    this.#plan = plan
    this.#clock = clock
    this.#honest = honest
    this.#real = topicNaming(plan, APPLICATION_ID)
    this.#stores = plan.stores.filter(isFollowable)
  }

  /** Lets each reader find a process that has its partition. */
  look(members: readonly SimulatedMember[]): void {
    for (const store of this.#stores) {
      const topic = this.#real(store.changelog!.topic)
      const counts = members.map(({ queries }) => queries?.partitionsOf(store.name) ?? 0)
      for (let partition = 0; partition < Math.max(0, ...counts); partition++) {
        const name = `${store.name} ${partition}`
        const reader =
          this.#readers.get(name) ??
          new LiveReader({ plan: this.#plan, clock: this.#clock, honest: this.#honest, store, topic, partition })
        this.#readers.set(name, reader)
        reader.look(members)
      }
    }
  }

  /**
   * @param atRest everything was processed, and readers had the time to be told
   * @returns what readers had that is not what was committed
   */
  async violations(atRest: boolean): Promise<readonly string[]> {
    const found: string[] = []
    for (const reader of this.#readers.values()) {
      reader.stop()
      const { store, topic, partition } = reader.of
      found.push(...reader.failures)
      const records = (await readCommitted(this.#honest, topic)).filter(record => record.partition === partition)
      const contents = contentsAt(store, records)
      for (const { position, rows } of reader.seen) {
        const wrong = difference(rows, contents(position))
        if (wrong !== undefined)
          found.push(`a live query of ${store.name} had at ${topic}-${partition}:${position} what never was: ${wrong}`)
      }
      const last = reader.seen.at(-1)
      const missed = last === undefined ? undefined : difference(last.rows, contents(Infinity))
      if (atRest && missed !== undefined)
        found.push(`a live query of ${store.name} was not told the last changes of partition ${partition}: ${missed}`)
    }
    return found
  }
}

interface ReaderOptions {
  readonly plan: Plan
  readonly clock: Clock
  readonly honest: KafkaClient
  readonly store: StorePlan
  readonly topic: string
  readonly partition: number
}

/** One reader of one partition. */
class LiveReader {
  readonly of: ReaderOptions
  readonly seen: Seen[] = []
  readonly failures: string[] = []
  readonly #rows = new Map<string, { readonly value: string; readonly slot: number }>()
  #complete = false
  #resume: LiveResume | undefined
  #from: { readonly queries: SimulatedMember['queries']; readonly end: AbortController } | undefined
  #next = 0

  constructor(options: ReaderOptions) {
    this.of = options
  }

  look(members: readonly SimulatedMember[]): void {
    const { queries: current, end } = this.#from ?? {}
    if (current !== undefined) {
      if (members.some(({ queries }) => queries === current)) return
      // The process is gone, and will not say so.
      end!.abort()
      this.#from = undefined
    }
    const one = members[this.#next++ % Math.max(1, members.length)]
    if (one?.queries === undefined) return
    const { queries, name } = one
    const from = { queries, end: new AbortController() }
    this.#from = from
    this.#read(queries, from.end.signal)
      .catch((error: unknown) => {
        // Errors of a process that has ended, and of serdes that fetch, say nothing.
        const isPassing = isMillraceError(error, 'retriable', 'fenced')
        if (one.queries === queries && !isPassing)
          this.failures.push(`a live query at ${name} failed: ${String(error)}`)
      })
      .finally(() => {
        if (this.#from === from) this.#from = undefined
      })
  }

  stop(): void {
    this.#from?.end.abort()
    this.#from = undefined
  }

  async #read(queries: NonNullable<SimulatedMember['queries']>, signal: AbortSignal): Promise<void> {
    const { plan, clock, honest, store, partition } = this.of
    // What the run's faults do to the reading of a changelog would change what they do to the members.
    const reads: LiveQueries = {
      partitionsOf: name => queries.partitionsOf(name),
      follow: (...asked) => queries.follow(...asked),
      changedKeys: (changelog, from, to) =>
        changedKeys({ client: honest, admin: honest.admin(), clock }, changelog, from, to),
    }
    const source = { plan, applicationId: APPLICATION_ID, clock, queries: () => reads, isOver: () => signal.aborted }
    const resume = this.#resume === undefined ? {} : { resume: new Map([[partition, this.#resume]]) }
    // Half of the readers want to be told of each window that expires. What they bring with them they let go by themselves.
    const expired = partition % 2 === 0 ? 'each' : 'before'
    const request = { store: store.name, partitions: [partition], signal, expired, ...resume } as const
    let isFirst = true
    for await (const event of liveQuery(source, request)) {
      if (signal.aborted || event.type === 'waiting') return
      this.#take(event, expired === 'before' || isFirst)
      isFirst = false
    }
  }

  #take(event: Exclude<LiveEvent<unknown, unknown>, { readonly type: 'waiting' }>, letsGo: boolean): void {
    const { store, topic, clock } = this.of
    const { valueSerde, name } = store
    if (event.type === 'snapshot' && event.first) {
      this.#rows.clear()
      this.#complete = false
    }
    for (const { key, value } of event.entries) {
      const { text, slot } = keyText(store, key, topic)
      if (value === undefined) this.#rows.delete(text)
      else this.#rows.set(text, { value: hex(valueSerde.serialize(value, topic)), slot })
    }
    if (event.type === 'changes' && event.expired !== undefined && letsGo) {
      const { before } = event.expired
      for (const [text, { slot }] of this.#rows) if (slot < before) this.#rows.delete(text)
    }
    if (event.type === 'snapshot') this.#complete = event.last
    else if (event.entries.length > 0 && this.#resume !== undefined && event.position! <= this.#resume.position)
      this.failures.push(`a live query of ${name} told changes again, up to ${event.position}`)
    this.#resume = this.#complete ? { position: event.position!, at: clock.now() } : undefined
    if (this.#complete) this.seen.push({ position: event.position!, rows: new Map(this.#rows) })
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
