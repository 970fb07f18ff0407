import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { bytes, type Logger, long, StreamsBuilder, string, systemClock, whenReady } from '@millrace/core'
import { KafkaStreams } from '@millrace/runtime'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openTopics } from 'millrace'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { schemaRegistry } from '../client/schema-registry.ts'
import { type RunningRegistry, startRegistry } from '../start-registry.ts'
import { avro } from './avro.ts'

/* Whole applications whose registry, or whose records, are not as they should be. A record must never be lost because of it. */

type Trouble = 'none' | 'down' | 'slow' | 'fails' | 'HTML' | 'redirects in circles'

let running: RunningRegistry
let broken: { trouble: Trouble; readonly url: string; readonly server: Server }
let stateDir: string
let cluster: MemoryCluster

beforeEach(async () => {
  running = await startRegistry()
  broken = await brokenRegistry()
  stateDir = mkdtempSync(join(tmpdir(), 'millrace-avro-'))
  cluster = new MemoryCluster({ clock: systemClock })
})
afterEach(async () => {
  broken.server.closeAllConnections()
  broken.server.close()
  await running.close()
  rmSync(stateDir, { recursive: true, force: true })
})

/** The registry behind a server that has troubles. */
async function brokenRegistry() {
  const server = createServer((request, response) => {
    pass(request, response).catch(() => response.destroy())
  })
  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    switch (state.trouble) {
      case 'down':
        return void response.destroy()
      case 'slow':
        return
      case 'fails':
        return void response.writeHead(500).end('{"error_code":50001,"message":"Error in the backend data store"}')
      case 'HTML':
        return void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in</html>')
      case 'redirects in circles':
        return void response.writeHead(302, { location: request.url ?? '/' }).end()
      case 'none': {
        const chunks: Buffer[] = []
        for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
        const body = Buffer.concat(chunks)
        const method = request.method ?? 'GET'
        const answer = await fetch(running.url + request.url, { method, ...(body.length > 0 && { body }) })
        response.writeHead(answer.status).end(await answer.text())
      }
    }
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const state = {
    trouble: 'none' as Trouble,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
  }
  return state
}

const V1 = { type: 'record', name: 'Order', fields: [{ name: 'id', type: 'long' }] } as const
const V2 = { ...V1, fields: [...V1.fields, { name: 'note', type: 'string', default: '' }] } as const
const OTHER = { ...V1, fields: [{ name: 'total', type: 'double' }] } as const

/** Writes orders as an older version of the schema. */
async function produce(values: readonly { readonly id: number }[]): Promise<void> {
  const serdes = { key: string(), value: avro(V1, { registry: schemaRegistry({ url: running.url }) }) }
  await using topics = await openTopics(memoryClient(cluster), { logger: QUIET })
  await topics.create(
    { name: 'orders', partitions: 1 },
    { name: 'out', partitions: 1 },
    { name: 'letters', partitions: 1 },
  )
  await topics.write(
    'orders',
    serdes,
    values.map(value => ({ key: 'k', value })),
  )
}

async function produceBytes(value: Buffer): Promise<void> {
  await using topics = await openTopics(memoryClient(cluster), { logger: QUIET })
  await topics.write('orders', { key: string(), value: bytes() }, [{ key: 'k', value }])
}

/** What is in a topic by now. */
async function inTopic<T>(name: string, value: Parameters<typeof openValue<T>>[0]): Promise<T[]> {
  return await openValue(value, name)
}
async function openValue<T>(serde: { deserialize(bytes: Uint8Array, topic: string): T }, name: string): Promise<T[]> {
  const found: T[] = []
  const client = memoryClient(cluster)({ clientId: 'reader', clock: systemClock, logger: QUIET })
  const consumer = client.consumer({ isolationLevel: 'read_committed' })
  await consumer.assign([{ topic: name, partition: 0, offset: 0 }])
  for (const batch of await consumer.poll(0)) {
    const cursor = batch.cursor()
    while (cursor.advance()) {
      const content = Buffer.from(cursor.valueBytes.subarray(cursor.valueStart, cursor.valueEnd))
      found.push(await whenReady(() => serde.deserialize(content, name)))
    }
  }
  await client.close()
  return found
}

const QUIET: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

function application(policy: 'fail' | { readonly deadLetterTopic: string }, schema: typeof V2 | typeof OTHER = V2) {
  const lines: string[] = []
  const note = (fields: object, message: string): void => {
    lines.push(`${message} ${String((fields as { readonly error?: unknown }).error)}`)
  }
  const registry = schemaRegistry({ url: broken.url, timeoutMs: 300 })
  const value = avro<{ readonly id: number }>(schema, { registry })
  const builder = new StreamsBuilder()
  builder
    .stream('orders', { key: string(), value })
    .groupByKey()
    .reduce((_, order) => order, { store: { name: 'last', caching: false } })
    .toStream()
    .mapValues(order => BigInt(order!.id))
    .to('out', { key: string(), value: long() })
  const streams = new KafkaStreams(builder.build(), {
    applicationId: 'app',
    client: memoryClient(cluster),
    processingGuarantee: 'exactly_once',
    commitIntervalMs: 20,
    onBadRecord: policy,
    stateDir,
    logger: { debug: note, info: note, warn: note, error: note },
  })
  let failure: unknown
  streams.on('error', error => {
    failure = error
  })
  return { streams, lines, failure: () => failure }
}

const POLICIES = ['fail', { deadLetterTopic: 'letters' }] as const

describe.each(['down', 'slow', 'fails', 'HTML', 'redirects in circles'] as const)(
  'a registry that is or does: %s',
  trouble => {
    it.each(POLICIES)('is waited for, with the policy %j, and no record is lost or given up', async policy => {
      await produce([{ id: 1 }, { id: 2 }])
      broken.trouble = trouble
      const { streams, lines, failure } = application(policy)
      const started = streams.start()
      started.catch(() => {})
      await expect
        .poll(() => lines.some(line => line.includes('MILLRACE_REGISTRY_UNAVAILABLE')), { timeout: 60_000 })
        .toBe(true)
      expect(await inTopic('out', long())).toEqual([])
      broken.trouble = 'none'
      await started
      await expect.poll(() => inTopic('out', long()), { timeout: 60_000 }).toEqual([1n, 2n])
      // Once more, while the application runs: a schema that it does not know yet.
      broken.trouble = trouble
      await produceBytes(await ofSchema({ ...V1, doc: 'another id' }, 3))
      await expect
        .poll(() => lines.filter(line => line.includes('MILLRACE_REGISTRY_UNAVAILABLE')).length, { timeout: 60_000 })
        .toBeGreaterThan(1)
      broken.trouble = 'none'
      await expect.poll(() => inTopic('out', long()), { timeout: 60_000 }).toEqual([1n, 2n, 3n])
      expect(failure()).toBeUndefined()
      await streams.close()
      expect(await inTopic('letters', bytes())).toEqual([])
    })
  },
)

async function ofSchema(schema: object, id: number): Promise<Buffer> {
  const serde = avro<{ readonly id: number }>(schema, { registry: schemaRegistry({ url: running.url }) })
  return Buffer.from(await whenReady(() => serde.serialize({ id }, 'orders')))
}

describe.each<[string, () => Buffer | Promise<Buffer>, typeof V2 | typeof OTHER, string]>([
  [
    'a poison message',
    () => Buffer.from('poison'),
    V2,
    'the first byte is 112 and not 0: the record was not written with a schema registry',
  ],
  ['an id that nobody knows', () => Buffer.from([0, 0, 0, 3, 231, 2]), V2, 'the registry knows no schema 999'],
  [
    'data that are cut off',
    () => Buffer.from([0, 0, 0, 0, 1]),
    V2,
    'the bytes end within the value (written with the schema 1)',
  ],
  [
    'a schema that the reader cannot resolve',
    () => ofSchema(V1, 9),
    OTHER,
    'the field "total" of Order is missing and has no default (written with the schema',
  ],
])('%s', (_what, make, schema, reason) => {
  it('ends an application that is to fail, and the record is still there for the next one', async () => {
    await produce(schema === V2 ? [{ id: 1 }] : [])
    const bad = await make()
    await produceBytes(bad)
    const first = application('fail', schema)
    await first.streams.start()
    await first.streams.ended().catch(() => {})
    expect(first.failure()).toMatchObject({ cause: { code: 'MILLRACE_SERDE_DECODE' } })
    expect(String(first.failure())).toContain(reason)
    const second = application({ deadLetterTopic: 'letters' }, schema)
    await second.streams.start()
    await expect.poll(() => inTopic('letters', bytes()), { timeout: 60_000 }).toEqual([bad])
    // What was before it in the same transaction comes again as well.
    expect(await inTopic('out', long())).toEqual(schema === V2 ? [1n] : [])
    await second.streams.close()
  })

  it('becomes a letter, and the records around it are done', async () => {
    await produce(schema === V2 ? [{ id: 1 }] : [])
    const bad = await make()
    await produceBytes(bad)
    const { streams, failure } = application({ deadLetterTopic: 'letters' }, schema)
    await streams.start()
    await expect.poll(() => inTopic('letters', bytes()), { timeout: 60_000 }).toEqual([bad])
    if (schema === V2) {
      await produceBytes(await ofSchema(V1, 2))
      await expect.poll(() => inTopic('out', long()), { timeout: 60_000 }).toEqual([1n, 2n])
    }
    await streams.close()
    expect(failure()).toBeUndefined()
  })
})

it.each([
  [401, 'MILLRACE_REGISTRY_REFUSED', 'wants a login'],
  [403, 'MILLRACE_REGISTRY_REFUSED', 'not allowed'],
])(
  'a registry that answers %i ends the application with its words, and nothing is lost',
  async (status, code, message) => {
    await produce([{ id: 1 }])
    const server = createServer((_, response) => {
      response.writeHead(status).end(JSON.stringify({ error_code: status, message }))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const real = broken
    broken = { ...real, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
    const first = application('fail')
    await first.streams.start().catch(() => {})
    await first.streams.ended().catch(() => {})
    server.close()
    broken = real
    expect(String(first.failure())).toContain(code)
    expect(String(first.failure())).toContain(message)
    const second = application('fail')
    await second.streams.start()
    await expect.poll(() => inTopic('out', long()), { timeout: 60_000 }).toEqual([1n])
    await second.streams.close()
  },
)
