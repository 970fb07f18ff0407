import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import {
  bytes,
  type Logger,
  long,
  type Plan,
  type Serde,
  StreamsBuilder,
  string,
  systemClock,
  whenReady,
} from '@millrace/core'
import { KafkaStreams } from '@millrace/runtime'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openTopics } from 'millrace'
import { describe, type ExpectStatic, it } from 'vitest'
import { schemaRegistry } from '../client/schema-registry.ts'
import { avro } from './avro.ts'
import { startTroubledRegistry, TROUBLES, type TroubledRegistry } from './troubled-registry.fixture.ts'

/*
 * Whole applications whose registry, or whose records, are not as they should be, in each place where an application reads or writes bytes.
 * A record must never be lost because of it. The cases run side by side, since they mostly wait.
 */

const V1 = { type: 'record', name: 'Order', fields: [{ name: 'id', type: 'long' }] } as const
const V2 = { ...V1, fields: [...V1.fields, { name: 'note', type: 'string', default: '' }] } as const
const OTHER = { ...V1, fields: [{ name: 'total', type: 'double' }] } as const
interface Order {
  readonly id: number
  readonly note?: string
}

const POLICIES = ['fail', { deadLetterTopic: 'letters' }] as const
type Policy = (typeof POLICIES)[number]

const QUIET: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const PATIENCE = { timeout: 60_000 }
const LIMIT_MS = 180_000

/** Where an application has bytes of a registry. */
interface Place {
  readonly name: string
  /** @param order the serde of this place; everything else has `plain` */
  topology(order: Serde<Order>, plain: Serde<Order>): Plan
  /** The topic of the bytes of this place, unless the application only writes there. */
  readonly topic: string | undefined
  /** Read only when the application starts: it must be stopped while something is put there. */
  readonly isState?: boolean
  /** Whether the bytes do nothing by themselves, but only when an order meets them. */
  readonly needsOrder?: boolean
}

const PLACES: readonly Place[] = [
  {
    name: 'a source',
    topic: 'orders',
    topology(order) {
      const builder = new StreamsBuilder()
      builder
        .stream('orders', { key: string(), value: order })
        .mapValues(({ id }) => BigInt(id))
        .to('out', { key: string(), value: long() })
      return builder.build()
    },
  },
  {
    name: 'a sink',
    topic: undefined,
    topology(order, plain) {
      const builder = new StreamsBuilder()
      const orders = builder.stream('orders', { key: string(), value: plain })
      // A second topic has a subject of its own, which is asked for when the first record goes there.
      orders.to(({ id }) => (id < 3 ? 'copies' : 'later-copies'), { key: string(), value: order })
      orders.mapValues(({ id }) => BigInt(id)).to('out', { key: string(), value: long() })
      return builder.build()
    },
  },
  {
    name: 'a repartition topic',
    topic: 'app-last-repartition',
    topology(order, plain) {
      const builder = new StreamsBuilder()
      builder
        .stream('orders', { key: string(), value: plain })
        .groupBy(() => 'k', { key: string(), value: order })
        .aggregate(
          () => 0n,
          (_last, { id }) => BigInt(id),
          { value: long(), store: { name: 'last', caching: false } },
        )
        .toStream()
        .to('out', { key: string(), value: long() })
      return builder.build()
    },
  },
  {
    name: 'a store',
    topic: 'app-last-changelog',
    isState: true,
    needsOrder: true,
    topology(order, plain) {
      const builder = new StreamsBuilder()
      builder
        .stream('orders', { key: string(), value: plain })
        .groupByKey()
        .aggregate(
          (): Order => ({ id: 0, note: '' }),
          (row, order) => (order.id > row.id ? order : row),
          { value: order, store: { name: 'last', caching: false } },
        )
        .toStream()
        .mapValues(row => BigInt(row!.id))
        .to('out', { key: string(), value: long() })
      return builder.build()
    },
  },
  {
    name: 'a global table',
    topic: 'known',
    isState: true,
    needsOrder: true,
    topology(order, plain) {
      const builder = new StreamsBuilder()
      const known = builder.globalTable('known', { key: string(), value: order })
      builder
        .stream('orders', { key: string(), value: plain })
        .leftJoin(
          known,
          (_value, key) => key,
          ({ id }, row) => BigInt(Math.max(id, row?.id ?? 0)),
          {},
        )
        .to('out', { key: string(), value: long() })
      return builder.build()
    },
  },
]

class World implements AsyncDisposable {
  readonly cluster = new MemoryCluster({ clock: systemClock })
  readonly registry: TroubledRegistry
  readonly stateDir = mkdtempSync(join(tmpdir(), 'millrace-avro-'))
  readonly #running = new Set<KafkaStreams>()

  private constructor(registry: TroubledRegistry) {
    this.registry = registry
  }

  static async create(): Promise<World> {
    const world = new World(await startTroubledRegistry())
    await using topics = await openTopics(memoryClient(world.cluster), { logger: QUIET })
    const names = ['orders', 'known', 'out', 'letters', 'copies', 'later-copies']
    await topics.create(...names.map(name => ({ name, partitions: 1 })))
    return world
  }

  /** Of a registry that is always well. */
  serde(schema: object): Serde<Order> {
    return avro<Order>(schema, { registry: schemaRegistry({ url: this.registry.url }) })
  }

  async bytesOf(schema: object, value: object, topic = 'orders'): Promise<Buffer> {
    const serde = this.serde(schema)
    return Buffer.from(await whenReady(() => serde.serialize(value as Order, topic)))
  }

  async put(topic: string, ...values: readonly (Buffer | number)[]): Promise<void> {
    await using topics = await openTopics(memoryClient(this.cluster), { logger: QUIET })
    for (const value of values) {
      const given = typeof value === 'number' ? await this.bytesOf(V1, { id: value }) : value
      await topics.write(topic, { key: string(), value: bytes() }, [{ key: 'k', value: given }])
    }
  }

  /** What is in a topic by now. */
  async read<T>(topic: string, serde: Serde<T>): Promise<T[]> {
    const found: T[] = []
    const client = memoryClient(this.cluster)({ clientId: 'reader', clock: systemClock, logger: QUIET })
    const consumer = client.consumer({ isolationLevel: 'read_committed' })
    await consumer.assign([{ topic, partition: 0, offset: 0 }])
    for (const batch of await consumer.poll(0)) {
      const cursor = batch.cursor()
      while (cursor.advance()) {
        const content = Buffer.from(cursor.valueBytes.subarray(cursor.valueStart, cursor.valueEnd))
        found.push(await whenReady(() => serde.deserialize(content, topic)))
      }
    }
    await client.close()
    return found
  }

  out = () => this.read('out', long())

  application(place: Place, policy: Policy, schema: object = V2) {
    const lines: string[] = []
    const note = (fields: object, message: string): void => {
      lines.push(`${message} ${String((fields as { readonly error?: unknown }).error)}`)
    }
    const order = avro<Order>(schema, {
      registry: schemaRegistry({ url: this.registry.troubledUrl, timeoutMs: 300 }),
    })
    const streams = new KafkaStreams(place.topology(order, this.serde(V2)), {
      applicationId: 'app',
      client: memoryClient(this.cluster),
      processingGuarantee: 'exactly_once',
      commitIntervalMs: 20,
      onBadRecord: policy,
      stateDir: this.stateDir,
      logger: { debug: note, info: note, warn: note, error: note },
    })
    this.#running.add(streams)
    let failure: unknown
    streams.on('error', error => {
      failure = error
    })
    const complaints = (): number => lines.filter(line => line.includes('MILLRACE_REGISTRY_UNAVAILABLE')).length
    return { streams, complaints, failure: () => failure }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.registry.trouble = undefined
    for (const streams of this.#running) await streams.close().catch(() => {})
    await this.registry[Symbol.asyncDispose]()
    rmSync(this.stateDir, { recursive: true, force: true })
  }
}

const CASES_OF_TROUBLE = TROUBLES.flatMap(trouble => PLACES.map(place => [trouble, place] as const))

describe('a registry', () => {
  it.concurrent.for(CASES_OF_TROUBLE.map(([trouble, place]) => ({ trouble, of: place.name, place })))(
    'that $trouble, for $of: is waited for under both policies, and no record is lost or given up',
    { timeout: LIMIT_MS },
    async ({ trouble, place }, { expect }) => {
      const letters = await Promise.all(POLICIES.map(policy => lettersAfter(expect, trouble, place, policy)))
      expect(letters).toEqual([[], []])
    },
  )
})

/** Goes through the trouble twice. Returns what was given up. */
async function lettersAfter(
  expect: ExpectStatic,
  trouble: (typeof TROUBLES)[number],
  place: Place,
  policy: Policy,
): Promise<readonly Uint8Array[]> {
  await using world = await World.create()
  await world.put('orders', 1, 2)
  await world.put('known', 0)
  world.registry.trouble = trouble
  let app = world.application(place, policy)
  let started = app.streams.start()
  started.catch(() => {})
  await expect.poll(() => app.complaints(), PATIENCE).toBeGreaterThan(0)
  // A store is filled before anything is asked, and a global table is not asked about before an order comes.
  expect(await world.out()).toEqual([])
  world.registry.trouble = undefined
  await started
  await expect.poll(world.out, PATIENCE).toEqual([1n, 2n])

  // Once more, with something that the application does not know yet.
  if (place.isState === true) await app.streams.close()
  const unknown = await world.bytesOf({ ...V1, doc: 'another id' }, { id: 3 })
  world.registry.trouble = trouble
  if (place.topic !== undefined) await world.put(place.topic, unknown)
  if (place.topic === undefined || place.needsOrder === true) await world.put('orders', 3)
  const before = place.isState === true ? 0 : app.complaints()
  if (place.isState === true) {
    expect(app.failure()).toBeUndefined()
    app = world.application(place, policy)
    started = app.streams.start()
    started.catch(() => {})
  }
  await expect.poll(() => app.complaints(), PATIENCE).toBeGreaterThan(before)
  expect(await world.out()).toEqual([1n, 2n])
  world.registry.trouble = undefined
  await started
  await expect.poll(world.out, PATIENCE).toEqual([1n, 2n, 3n])
  if (place.topic === undefined) {
    expect(await world.read('copies', world.serde(V2))).toMatchObject([{ id: 1 }, { id: 2 }])
    expect(await world.read('later-copies', world.serde(V2))).toMatchObject([{ id: 3 }])
  }
  expect(app.failure()).toBeUndefined()
  await app.streams.close()
  return await world.read('letters', bytes())
}

const BAD_BYTES: readonly {
  readonly what: string
  make(world: World): Buffer | Promise<Buffer>
  /** Of the reader. */
  readonly schema?: object
  readonly reason: string
}[] = [
  {
    what: 'a poison message',
    make: () => Buffer.from('poison'),
    reason: 'the first byte is 112 and not 0: the record was not written with a schema registry',
  },
  {
    what: 'an id that nobody knows',
    make: () => Buffer.from([0, 0, 0, 3, 231, 2]),
    reason: 'the registry knows no schema 999',
  },
  {
    what: 'data that are cut off',
    async make(world) {
      const whole = await world.bytesOf(V1, { id: 1 })
      return whole.subarray(0, 5)
    },
    reason: 'the bytes end within the value (written with the schema',
  },
  {
    what: 'a schema that the reader cannot resolve',
    make: world => world.bytesOf(OTHER, { total: 1.5 }, 'totals'),
    reason: 'the field "id" of Order is missing and has no default (written with the schema',
  },
]
const READING_PLACES = PLACES.filter(({ topic }) => topic !== undefined)
const CASES_OF_BYTES = BAD_BYTES.flatMap(bad =>
  READING_PLACES.map(place => ({ what: bad.what, of: place.name, bad, place })),
)

/** An application that has worked, and finds bad bytes when it is started again. */
async function withBadBytes(expect: ExpectStatic, place: Place, bad: (typeof BAD_BYTES)[number]) {
  const world = await World.create()
  await world.put('orders', 1)
  const earlier = world.application(place, 'fail')
  await earlier.streams.start()
  await expect.poll(world.out, PATIENCE).toEqual([1n])
  await earlier.streams.close()
  const content = await bad.make(world)
  await world.put(place.topic!, content)
  if (place.needsOrder === true) await world.put('orders', 2)
  /** What fails: the bad record, or the order that met it. */
  const failing = place.needsOrder === true ? await world.bytesOf(V1, { id: 2 }) : content
  return { world, content, failing }
}

/** Of an error and its causes. */
function codesOf(error: unknown): readonly unknown[] {
  if (!(error instanceof Error)) return []
  return [(error as { readonly code?: unknown }).code, ...codesOf(error.cause)]
}

describe('bad bytes', () => {
  it.concurrent.for(CASES_OF_BYTES)(
    '$what, in $of: ends an application that is to fail, and the record is still there for the next one',
    { timeout: LIMIT_MS },
    async ({ bad, place }, { expect }) => {
      const { world, content, failing } = await withBadBytes(expect, place, bad)
      await using _world = world
      const first = world.application(place, 'fail')
      await first.streams.start().catch(() => {})
      await first.streams.ended().catch(() => {})
      expect(first.failure()).toMatchObject({ code: 'MILLRACE_PROCESSING_FAILED' })
      expect(codesOf(first.failure())).toContain('MILLRACE_SERDE_DECODE')
      expect(String(first.failure())).toContain(bad.reason)
      expect(await world.out()).toEqual([1n])
      const second = world.application(place, { deadLetterTopic: 'letters' })
      await second.streams.start()
      await expect.poll(() => world.read('letters', bytes()), PATIENCE).toEqual([failing])
      await second.streams.close()
      expect((await world.read(place.topic!, bytes())).at(-1)).toEqual(content)
    },
  )

  it.concurrent.for(CASES_OF_BYTES)(
    '$what, in $of: becomes a letter, or that does which meets it, and the records around it are done',
    { timeout: LIMIT_MS },
    async ({ bad, place }, { expect }) => {
      const { world, content, failing } = await withBadBytes(expect, place, bad)
      await using _world = world
      const { streams, failure } = world.application(place, { deadLetterTopic: 'letters' })
      await streams.start()
      await expect.poll(() => world.read('letters', bytes()), PATIENCE).toEqual([failing])
      await using topics = await openTopics(memoryClient(world.cluster), { logger: QUIET })
      const value = world.serde(V1)
      await topics.write('orders', { key: string(), value }, [{ key: 'another key', value: { id: 3 } }])
      await expect.poll(world.out, PATIENCE).toEqual([1n, 3n])
      await streams.close()
      expect(failure()).toBeUndefined()
      // The row stays as it is: it was not overwritten, and is there for a version of the application that can read it.
      if (place.isState === true) {
        const rows = await world.read(place.topic!, bytes())
        expect(rows.filter(row => content.equals(row))).toHaveLength(1)
      }
    },
  )
})

it.for([
  [401, 'MILLRACE_REGISTRY_REFUSED', 'wants a login'],
  [403, 'MILLRACE_REGISTRY_REFUSED', 'not allowed'],
] as const)(
  'a registry that answers %i ends the application with its words, and nothing is lost',
  async ([status, code, message], { expect }) => {
    await using world = await World.create()
    await world.put('orders', 1)
    const server = createServer((_, response) => {
      response.writeHead(status).end(JSON.stringify({ error_code: status, message }))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const refusing = avro<Order>(V2, {
      registry: schemaRegistry({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }),
    })
    const place: Place = { ...PLACES[0]!, topology: () => PLACES[0]!.topology(refusing, refusing) }
    const first = world.application(place, 'fail')
    await first.streams.start().catch(() => {})
    await first.streams.ended().catch(() => {})
    server.close()
    expect(String(first.failure())).toContain(code)
    expect(String(first.failure())).toContain(message)
    const second = world.application(PLACES[0]!, 'fail')
    await second.streams.start()
    await expect.poll(world.out, PATIENCE).toEqual([1n])
    await second.streams.close()
  },
)
