import { type KafkaClient, type Plan, rangeQuery, type StorePlan, topicNaming } from '@millrace/core'
import { readCommitted } from './read-records.ts'
import type { SimulatedMember } from './member-watch.ts'
import { APPLICATION_ID } from './process-world.ts'

/** What a partition of a store answered: its entries, as bytes in hexadecimal. */
interface Answer {
  readonly by: string
  readonly store: StorePlan
  readonly partition: number
  readonly source: string
  readonly state: string
}

/**
 * Asks the stores of a run with transactions while it goes on, and looks at the end whether each answer was a committed state: what the
 * changelog says up to the end of a transaction. Stores whose changelog does not say all are left out: those with a time limit or a
 * maximum number of entries, and those of the engine's own operators.
 */
export class QueryOracle {
  readonly #real: (topic: string) => string
  readonly #stores: readonly StorePlan[]
  readonly #answers = new Map<string, Answer>()
  readonly #failures = new Set<string>()

  constructor(plan: Plan) {
    this.#real = topicNaming(plan, APPLICATION_ID)
    this.#stores = plan.stores.filter(isComparable)
  }

  /** Asks every process that is alive. Answers come in while the run goes on. */
  ask(members: readonly SimulatedMember[]): void {
    for (const one of members) {
      const { queries } = one
      if (queries === undefined) continue
      for (const store of this.#stores) {
        queries
          .query({
            store: store.name,
            query: rangeQuery({ limit: Number.MAX_SAFE_INTEGER }),
            isolation: 'committed',
            standbys: true,
            // For serdes that fetch.
            timeoutMs: 2_000,
          })
          .then(({ partitions }) => {
            for (const [partition, result] of partitions) {
              if (result.ok) this.#note(one.name, store, partition, result.source, result.value)
              else if (result.reason === 'STORE_EXCEPTION') this.#fail(store, result.message)
            }
          })
          .catch((error: unknown) => this.#fail(store, String(error)))
      }
    }
  }

  /** @returns what was answered and never was a committed state */
  async violations(client: KafkaClient): Promise<readonly string[]> {
    const found = [...this.#failures].map(text => `a query failed: ${text}`)
    for (const store of this.#stores) {
      const own = [...this.#answers.values()].filter(answer => answer.store === store)
      if (own.length === 0) continue
      const states = await committedStates(client, this.#real(store.changelog!.topic))
      for (const { by, partition, source, state } of own) {
        if (states.get(partition)?.has(state) ?? state === '') continue
        found.push(
          `${by} answered from its ${source} partition ${partition} of ${store.name} what never was committed: ${state}`,
        )
      }
    }
    return found
  }

  /** What a serde fetches may be away for long. */
  #fail({ name }: StorePlan, text: string): void {
    if (!text.includes('MILLRACE_SERDE_NOT_READY')) this.#failures.add(`${name}: ${text}`)
  }

  #note(
    by: string,
    store: StorePlan,
    partition: number,
    source: string,
    entries: readonly (readonly [unknown, unknown])[],
  ) {
    const topic = this.#real(store.changelog!.topic)
    const state = stateOf(
      new Map(
        entries.map(([key, value]) => [
          hex(store.keySerde.serialize(key, topic)),
          hex(store.valueSerde.serialize(value, topic)),
        ]),
      ),
    )
    const answer = { by, store, partition, source, state }
    this.#answers.set([by, store.name, partition, source, state].join(' '), answer)
  }
}

/** Its changelog says all of it. */
function isComparable(store: StorePlan): boolean {
  const { kind, changelog, ttlMs, maxEntries, suppression, waiting, withHeaders, open } = store
  if (kind !== 'key-value' || changelog === undefined || changelog.isSource) return false
  return [ttlMs, maxEntries, suppression, waiting, withHeaders, open].every(option => option === undefined)
}

/** By partition, every state at the end of a transaction. Each transaction ends with a marker, which takes an offset. */
async function committedStates(client: KafkaClient, topic: string): Promise<ReadonlyMap<number, ReadonlySet<string>>> {
  const states = new Map<number, Set<string>>()
  const current = new Map<string, string>()
  let partition = -1
  let next = -1
  const end = () => void states.get(partition)?.add(stateOf(current))
  for (const record of await readCommitted(client, topic)) {
    if (record.partition !== partition) {
      end()
      current.clear()
      partition = record.partition
      states.set(partition, new Set(['']))
    } else if (record.offset !== next) end()
    next = record.offset + 1
    const key = hex(record.keyBytes!)
    if (record.valueBytes === null) current.delete(key)
    else current.set(key, hex(record.valueBytes))
  }
  end()
  return states
}

function stateOf(entries: ReadonlyMap<string, string>): string {
  return [...entries]
    .map(([key, value]) => `${key}=${value}`)
    .toSorted()
    .join(' ')
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
