import { millraceError, type Serde, seededRandom, string, StreamsBuilder } from '@millrace/core'
import { simulate } from '@millrace/testing'
import { expect, it } from 'vitest'
import type { SchemaRegistry } from '../client/schema-registry.ts'
import { Registry } from '../registry/registry.ts'
import { memoryStorage } from '../registry/registry-storage.ts'
import { loadSchemaFormats } from '../registry/schema-formats.ts'
import { avro } from './avro.ts'

/*
 * Avro in the simulation: processes are killed, disks are lost, and the registry is slow, fails and comes back. Serdes forget what they have
 * fetched, as those of a new process do.
 */

const seeds = Array.from({ length: 6 }, (_, index) => index + 1)
const ORDER = {
  type: 'record',
  name: 'Order',
  fields: [
    { name: 'item', type: 'string' },
    { name: 'count', type: 'int' },
  ],
} as const

/** A registry in the process: answers take turns of the queue of promises, and some are failures. */
class UnreliableRegistry implements SchemaRegistry {
  delay = 0
  failures = 0
  requests = 0
  readonly #registry: Registry

  constructor(registry: Registry) {
    this.#registry = registry
  }

  byId = (id: number) => this.#answer(() => this.#registry.state.withId('.', id)[0])
  byGuid = (guid: string) => this.#answer(() => this.#registry.state.withGuid('.', guid))
  version = (subject: string, version: number | 'latest') =>
    this.#answer(() =>
      this.#registry.state.versions(subject).findLast(entry => version === 'latest' || entry.version === version),
    )
  versions = (subject: string) =>
    this.#answer(() => this.#registry.state.versions(subject).map(({ version }) => version))
  register = (subject: string, schema: Parameters<SchemaRegistry['register']>[1]) =>
    this.#answer(() => this.#registry.register(subject, schema, false))
  find = (subject: string, schema: Parameters<SchemaRegistry['find']>[1]) =>
    this.#answer(() => this.#registry.find(subject, schema, { normalize: false, deleted: false }))

  async #answer<T>(answer: () => T | Promise<T>): Promise<T> {
    this.requests += 1
    for (let turn = 0; turn < this.delay; turn++) await Promise.resolve()
    if (this.failures > 0) {
      this.failures -= 1
      const url = 'http://registry'
      throw millraceError('MILLRACE_REGISTRY_UNAVAILABLE', { url, request: 'any', reason: 'it is away' })
    }
    return await answer()
  }
}

/** A serde that is replaced now and then. */
function forgetful<T>(make: () => Serde<T>, forgets: () => boolean): Serde<T> {
  let current = make()
  const use = (): Serde<T> => {
    if (forgets()) current = make()
    return current
  }
  return {
    name: current.name,
    prepare: (topic, how) => use().prepare!(topic, how),
    serialize: (value, topic) => use().serialize(value, topic),
    deserialize: (bytes, topic, headers) => use().deserialize(bytes, topic, headers),
  }
}

it.each(seeds)('no record is lost or doubled (seed %i)', async seed => {
  const random = seededRandom(seed)
  const registry = new Registry(memoryStorage(), await loadSchemaFormats())
  await registry.open()
  const unreliable = new UnreliableRegistry(registry)
  unreliable.delay = 1 + Math.floor(random() * 50)
  // The number of restarts is limited, because a transaction must end at some point.
  let restarts = 12
  const forgets = (): boolean => {
    if (restarts === 0 || random() > 0.05) return false
    restarts -= 1
    unreliable.failures += Math.floor(random() * 4)
    return true
  }
  const order = forgetful(() => avro(ORDER, { registry: unreliable }), forgets)
  const builder = new StreamsBuilder()
  builder
    .stream('orders', { key: string(), value: order })
    .groupBy(({ item }) => item, { key: string(), value: order })
    .reduce((sum, next) => ({ ...sum, count: sum.count + next.count }), { store: { name: 'sums' } })
    .toStream()
    .mapValues(sum => String(sum?.count))
    .to('out', { key: string(), value: string() })
  const input = Array.from({ length: 20 }, (_, n) => ({
    topic: 'orders',
    key: `k${n % 3}`,
    value: { item: `item ${n % 5}`, count: n },
  }))
  const { violations, history } = await simulate(builder.build(), {
    seed,
    guarantee: 'exactly_once',
    input,
    shrink: false,
  })
  expect(violations, history.join('\n')).toEqual([])
  expect(unreliable.requests).toBeGreaterThan(0)
  expect(registry.state.subjects()).toContain('orders-value')
})
