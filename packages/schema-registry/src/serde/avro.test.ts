import { AvroDeserializer, AvroSerializer, SchemaRegistryClient, SerdeType } from '@confluentinc/schemaregistry'
import { SchemaRegistry as KafkajsRegistry } from '@kafkajs/confluent-schema-registry'
import { bytes, string, StreamsBuilder } from '@millrace/core'
import { TopologyTestDriver } from '@millrace/testing'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { existingRegistry } from '../client/existing-registry.ts'
import { schemaRegistry } from '../client/schema-registry.ts'
import { avro } from './avro.ts'
import { read, registryOfEachTest, retrying, write } from './serde-registry.fixture.ts'

const running = registryOfEachTest()
const { client } = running

const V1 = {
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'customer', type: 'string' },
  ],
} as const
const V2 = {
  ...V1,
  fields: [...V1.fields, { name: 'note', type: ['null', 'string'], default: null }],
} as const

const ADA = { id: 1, customer: 'Ada' }

describe('evolution', () => {
  it('old data are read with the new schema, and new data with the old one', async () => {
    const [older, newer] = [avro(V1, { registry: client() }), avro(V2, { registry: client() })]
    const old = await write(older, ADA)
    expect(await read(newer, old)).toEqual({ ...ADA, note: null })
    const fresh = await write(newer, { ...ADA, note: 'quick' })
    expect(await read(older, fresh)).toEqual(ADA)
    expect([old[4], fresh[4]].map(String)).toEqual(['1', '2'])
  })

  it('a schema that cannot be resolved is an error of the record', async () => {
    const data = await write(avro(V1, { registry: client() }), ADA)
    const other = avro({ ...V1, fields: [{ name: 'total', type: 'double' }] } as const, { registry: client() })
    await expect(read(other, data)).rejects.toMatchObject({
      code: 'MILLRACE_SERDE_DECODE',
      message: expect.stringContaining(
        'the field "total" of shop.Order is missing and has no default (written with the schema 1)',
      ),
    })
  })
})

describe('with other clients', () => {
  it('reads what @kafkajs/confluent-schema-registry writes, and the reverse', async () => {
    const other = new KafkajsRegistry({ host: running.url })
    const { id } = await other.register({ type: 'AVRO', schema: JSON.stringify(V1) } as never, {
      subject: 'orders-value',
    })
    const serde = avro(V2, { registry: client() })
    expect(await read(serde, await other.encode(id, ADA))).toEqual({ ...ADA, note: null })
    expect(await other.decode(Buffer.from(await write(serde, { ...ADA, note: 'x' })))).toMatchObject({
      ...ADA,
      note: 'x',
    })
  })

  it('reads what @confluentinc/schemaregistry writes, and the reverse', async () => {
    const other = new SchemaRegistryClient({ baseURLs: [running.url] })
    await other.register('orders-value', { schemaType: 'AVRO', schema: JSON.stringify(V1) })
    const serializer = new AvroSerializer(other, SerdeType.VALUE, {
      autoRegisterSchemas: false,
      useLatestVersion: true,
    })
    const serde = avro(V1, { registry: client() })
    expect(await read(serde, await serializer.serialize('orders', ADA))).toEqual(ADA)
    const deserializer = new AvroDeserializer(
      new SchemaRegistryClient({ baseURLs: [running.url] }),
      SerdeType.VALUE,
      {},
    )
    expect(await deserializer.deserialize('orders', Buffer.from(await write(serde, ADA)))).toMatchObject(ADA)
  })

  it('reads the GUID that newer serializers put into a header', async () => {
    const serde = avro(V1, { registry: client() })
    const data = await write(serde, ADA)
    const { guid } = (await (await fetch(`${running.url}/schemas/ids/1`)).json()) as { readonly guid: string }
    const value = Buffer.concat([Buffer.of(1), Buffer.from(guid.replaceAll('-', ''), 'hex')])
    const headers = [{ key: '__value_schema_id', value }]
    expect(await retrying(() => serde.deserialize(data.subarray(5), 'orders', headers))).toEqual(ADA)
  })

  it('follows references', async () => {
    const other = new KafkajsRegistry({ host: running.url })
    await other.register({ type: 'AVRO', schema: JSON.stringify(V1) } as never, { subject: 'order' })
    const basket = {
      type: 'record',
      name: 'Basket',
      namespace: 'shop',
      fields: [{ name: 'order', type: 'shop.Order' }],
    }
    const references = [{ name: 'shop.Order', subject: 'order', version: 1 }]
    const { id } = await other.register({ type: 'AVRO', schema: JSON.stringify(basket), references } as never, {
      subject: 'baskets-value',
    })
    const serde = avro({ ...basket, fields: [{ name: 'order', type: V2 }] }, { registry: client() })
    expect(await read(serde, await other.encode(id, { order: ADA }))).toEqual({
      order: { ...ADA, note: null },
    })
  })
})

describe('subjects and registration', () => {
  it.each([
    ['topic', 'value', 'orders-value'],
    ['topic', 'key', 'orders-key'],
    ['record', 'value', 'shop.Order'],
    ['topic-record', 'value', 'orders-shop.Order'],
  ] as const)('by %s, for a %s: %s', async (subject, side, expected) => {
    await write(avro(V1, { registry: client(), subject, side }), ADA)
    expect(await (await fetch(`${running.url}/subjects`)).json()).toEqual([expected])
  })

  it('require refuses a schema that is not registered', async () => {
    const serde = avro(V1, { registry: client(), register: 'require' })
    await expect(write(serde, ADA)).rejects.toMatchObject({ code: 'MILLRACE_REGISTRY_SCHEMA_MISSING', kind: 'config' })
    await write(avro(V1, { registry: client() }), ADA)
    expect((await write(serde, ADA)).subarray(0, 5)).toEqual(Buffer.from([0, 0, 0, 0, 1]))
  })

  it('latest writes with the latest version', async () => {
    await write(avro(V2, { registry: client() }), { ...ADA, note: null })
    const data = await write(avro(V1, { registry: client(), register: 'latest' }), ADA)
    expect(await read(avro(V2, { registry: client() }), data)).toEqual({ ...ADA, note: null })
  })

  it('latest names the version that is no Avro', async () => {
    const body = JSON.stringify({ schemaType: 'JSON', schema: '{"type":"object"}' })
    await fetch(`${running.url}/subjects/orders-value/versions`, { method: 'POST', body })
    await expect(write(avro(V1, { registry: client(), register: 'latest' }), ADA)).rejects.toMatchObject({
      code: 'MILLRACE_REGISTRY_SCHEMA_MISSING',
      message: expect.stringContaining('its version 1 is of type JSON, not AVRO'),
    })
  })

  it('an incompatible schema is refused with the reason', async () => {
    await write(avro(V1, { registry: client() }), ADA)
    const incompatible = avro({ ...V1, fields: [...V1.fields, { name: 'total', type: 'double' }] } as const, {
      registry: client(),
    })
    await expect(write(incompatible, { ...ADA, total: 1 })).rejects.toMatchObject({
      code: 'MILLRACE_REGISTRY_REFUSED',
      message: expect.stringContaining('READER_FIELD_MISSING_DEFAULT_VALUE'),
    })
  })
})

it('logical types have the values of their converters', async () => {
  const date = {
    shape: 'date' as const,
    fromRaw: (raw: number) => new Date(raw),
    toRaw: (value: Date) => value.getTime(),
  }
  const schema = {
    type: 'record',
    name: 'R',
    fields: [{ name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } }],
  } as const
  const serde = avro(schema, { registry: client(), logicalTypes: { 'timestamp-millis': date } })
  expect(await read(serde, await write(serde, { at: new Date(5) }))).toEqual({ at: new Date(5) })
  const plain = avro(schema, { registry: client(), longs: 'bigint' })
  expect(await read(plain, await write(serde, { at: new Date(5) }))).toEqual({ at: 5n })
})

describe('GUIDs in headers', () => {
  const inHeader = (registry = client()) => avro(V1, { registry, schemaId: 'header' })

  it('an output has the data alone, and the GUID in its header', async () => {
    const [reader, writer] = [avro(V1, { registry: client() }), inHeader()]
    const { bytes: data, headers } = await retrying(() => writer.serializeRecord!(ADA, 'orders'))
    expect(headers.map(({ key }) => key)).toEqual(['__value_schema_id'])
    expect(data).toEqual((await write(reader, ADA)).subarray(5))
    expect(await retrying(() => reader.deserialize(data, 'orders', headers))).toEqual(ADA)
    // A store has no headers.
    expect((await write(writer, ADA))[0]).toBe(0)
  })

  it('Confluent reads it', async () => {
    const writer = inHeader()
    const { bytes: data, headers } = await retrying(() => writer.serializeRecord!(ADA, 'orders'))
    const other = new SchemaRegistryClient({ baseURLs: [running.url] })
    const deserializer = new AvroDeserializer(other, SerdeType.VALUE, {})
    const given = Object.fromEntries(headers.map(({ key, value }) => [key, Buffer.from(value!)]))
    expect(await deserializer.deserialize('orders', Buffer.from(data), given)).toMatchObject(ADA)
  })

  it.each(['prefix', 'header'] as const)(
    'the header of an input is replaced in an output with a %s',
    async schemaId => {
      const input = inHeader()
      const output = avro(V2, { registry: client(), schemaId })
      const builder = new StreamsBuilder()
      builder
        .stream('orders', { key: string(), value: input, timestampExtractor: ({ value }) => value.id })
        .groupByKey()
        .reduce((_, order) => order, { store: { name: 'last', caching: false } })
        .toStream()
        .mapValues(order => ({ ...order!, note: 'seen' }))
        .to('seen', { key: string(), value: output })
      await using driver = await TopologyTestDriver.create(builder.build())
      const own = { key: 'trace', value: Buffer.from('1') }
      await driver.createInputTopic('orders', { key: string(), value: input }).pipeInput('k', ADA, { headers: [own] })
      const topic = driver.createOutputTopic('seen', { key: string(), value: avro(V2, { registry: client() }) })
      const record = await retrying(() => topic.readRecord())
      expect(record).toMatchObject({ value: { ...ADA, note: 'seen' }, timestamp: 1 })
      const names = record?.headers.map(({ key }) => key)
      expect(names).toEqual(schemaId === 'header' ? ['trace', '__value_schema_id'] : ['trace'])
    },
  )

  it('a registry without GUIDs is named', async () => {
    const { byGuid, register, ...others } = client()
    const old = {
      ...others,
      byGuid,
      register: async (...args: Parameters<typeof register>) => ({ id: (await register(...args)).id }),
    }
    const writer = inHeader(old)
    await expect(retrying(() => writer.serializeRecord!(ADA, 'orders'))).rejects.toMatchObject({
      code: 'MILLRACE_REGISTRY_SCHEMA_MISSING',
      message: expect.stringContaining("use schemaId: 'prefix'"),
    })
  })
})

describe('references', () => {
  const customer = { type: 'record', name: 'Customer', namespace: 'shop', fields: [{ name: 'name', type: 'string' }] }
  const city = { type: 'enum', name: 'City', namespace: 'shop', symbols: ['BERN', 'PARIS'] }
  const order = {
    type: 'record',
    name: 'Order',
    namespace: 'shop',
    fields: [
      { name: 'customer', type: 'shop.Customer' },
      { name: 'city', type: 'shop.City' },
    ],
  }
  const living = { ...customer, fields: [...customer.fields, { name: 'home', type: 'shop.City' }] }
  const references = [
    {
      name: 'shop.Customer',
      subject: 'customer',
      schema: living,
      references: [{ name: 'shop.City', subject: 'city', schema: city }],
    },
    { name: 'shop.City', subject: 'city', schema: city },
  ]
  const VALUE = { customer: { name: 'Ada', home: 'BERN' }, city: 'PARIS' }

  it('are registered before the schema that uses them', async () => {
    const serde = avro<typeof VALUE>(order, { registry: client(), references })
    const data = await write(serde, VALUE)
    expect(await read(avro<typeof VALUE>(order, { registry: client(), references }), data)).toEqual(VALUE)
    const latest = await (await fetch(`${running.url}/subjects/orders-value/versions/latest`)).json()
    expect(latest).toMatchObject({
      schema: JSON.stringify(order).replaceAll('"shop.', '"'),
      references: [
        { name: 'shop.Customer', subject: 'customer', version: 1 },
        { name: 'shop.City', subject: 'city', version: 1 },
      ],
    })
    const other = new KafkajsRegistry({ host: running.url })
    expect(await other.decode(Buffer.from(data))).toMatchObject({ customer: { name: 'Ada' } })
  })

  it('must be there where schemas are not registered', async () => {
    const serde = avro<typeof VALUE>(order, { registry: client(), references, register: 'require' })
    await expect(write(serde, VALUE)).rejects.toMatchObject({
      code: 'MILLRACE_REGISTRY_SCHEMA_MISSING',
      message: expect.stringContaining('"city"'),
    })
  })

  it('of two versions of a type, the one that was referred to first counts', async () => {
    const one = async (subject: string, schema: object, used: readonly object[] = []) => {
      const body = JSON.stringify({ schema: JSON.stringify(schema), references: used })
      const answer = await fetch(`${running.url}/subjects/${subject}/versions`, { method: 'POST', body })
      return ((await answer.json()) as { readonly id: number }).id
    }
    const [cityV1, cityV2] = [1, 2].map(version => ({ name: 'shop.City', subject: 'city', version }))
    await one('city', city)
    await one('city', { ...city, symbols: [...city.symbols, 'ROMA'] })
    await one('customer', living, [cityV1!])
    const id = await one('orders-value', order, [{ name: 'shop.Customer', subject: 'customer', version: 1 }, cityV2!])
    const serde = avro<typeof VALUE>(order, { registry: client(), references })
    const data = await write(serde, VALUE)
    data.set([id], 4)
    expect(await read(avro<typeof VALUE>(order, { registry: client(), references }), data)).toEqual(VALUE)
  })

  it('a type that no reference defines is an error of the schema', () => {
    expect(() => avro<typeof VALUE>(order, { registry: client() })).toThrow('shop.Customer')
  })
})

describe('a client that the application has already', () => {
  const clients = [
    ['@kafkajs/confluent-schema-registry', (url: string) => new KafkajsRegistry({ host: url, retry: { retries: 0 } })],
    ['@confluentinc/schemaregistry', (url: string) => new SchemaRegistryClient({ baseURLs: [url], maxRetries: 0 })],
  ] as const

  it.each(clients)('%s registers, requires, follows the latest version, and reads', async (_name, make) => {
    const registry = () => existingRegistry(make(running.url))
    const required = avro(V1, { registry: registry(), register: 'require' })
    await expect(write(required, ADA)).rejects.toMatchObject({ code: 'MILLRACE_REGISTRY_SCHEMA_MISSING' })
    const first = avro(V1, { registry: registry() })
    await first.prepare?.('orders', 'write')
    const data = await write(first, ADA)
    await write(avro(V2, { registry: registry() }), { ...ADA, note: null })
    const second = avro(V2, { registry: registry(), register: 'latest' })
    await second.prepare?.('orders', 'write')
    expect(second.deserialize(data, 'orders')).toEqual({ ...ADA, note: null })
    expect(await read(first, await write(second, { ...ADA, note: 'x' }))).toEqual(ADA)
    await expect(read(second, Buffer.from([0, 0, 0, 0, 99, 2]))).rejects.toMatchObject({
      code: 'MILLRACE_SERDE_DECODE',
    })
  })

  it.each(clients)('%s reports an incompatible schema and a registry that is away', async (_name, make) => {
    await write(avro(V1, { registry: existingRegistry(make(running.url)) }), ADA)
    const other = avro({ ...V1, fields: [...V1.fields, { name: 'total', type: 'double' }] } as const, {
      registry: existingRegistry(make(running.url)),
    })
    await expect(write(other, { ...ADA, total: 1 })).rejects.toMatchObject({ code: 'MILLRACE_REGISTRY_REFUSED' })
    const away = avro(V1, { registry: existingRegistry(make('http://127.0.0.1:1')) })
    await expect(write(away, ADA)).rejects.toMatchObject({ code: 'MILLRACE_REGISTRY_UNAVAILABLE', kind: 'retriable' })
  })

  it('any other object is refused', () => {
    expect(() => existingRegistry({} as never)).toThrow('The option client of existingRegistry()')
  })
})

describe('options', () => {
  it.each<[object, string]>([
    [{}, 'The option registry is undefined, but it must be what schemaRegistry()'],
    [{ registry: 'http://localhost:8081' }, 'it must be what schemaRegistry()'],
    [{ register: 'always' }, 'The option register is "always", but it must be one of auto, require, latest'],
    [{ longs: 'text' }, 'The option longs is "text"'],
    [{ schemaId: 'none' }, 'The option schemaId is "none"'],
    [{ side: 'both' }, 'The option side is "both"'],
    [{ subject: 'topics' }, 'The option subject is "topics"'],
    [{ autoRegister: true }, 'it is called register here'],
    [{ logicalTypes: { 'timestamp-milis': {} } }, 'there is no such logical type'],
    [{ logicalTypes: { date: 'Date' } }, 'it must be a converter'],
  ])('avro(…, %j) is refused', (given, message) => {
    const options = Object.keys(given).length === 0 || 'registry' in given ? given : { registry: client(), ...given }
    expect(() => avro(V1, options as never)).toThrow(message)
  })

  it.each<[unknown, string]>([
    [undefined, 'it takes an object with a url'],
    [{}, 'The option url is undefined'],
    [{ url: [] }, 'The option url is'],
    [{ url: 'localhost:8081' }, 'it must be a URL such as http://localhost:8081'],
    [{ host: 'http://localhost:8081' }, 'it is called url here'],
    [{ url: 'http://a', timeoutMs: 0 }, 'The option timeoutMs is 0'],
    [{ url: 'http://a', auth: { user: 'ada', password: 'secret' } }, 'The option auth is something else'],
  ])('schemaRegistry(%j) is refused', (given, message) => {
    expect(() => schemaRegistry(given as never)).toThrow(message)
  })
})

describe('bad data', () => {
  it.each([
    [Buffer.from('{"id":1}'), 'the first byte is 123 and not 0'],
    [Buffer.from([0, 0]), 'there are 2 bytes'],
    [Buffer.from([0, 0, 0, 0, 99, 2]), 'the registry knows no schema 99'],
    [Buffer.from([0, 0, 0, 0, 1, 2, 20]), 'at customer: the bytes end within the value'],
  ])('%j', async (data, reason) => {
    await write(avro(V1, { registry: client() }), ADA)
    const refused = { code: 'MILLRACE_SERDE_DECODE', message: expect.stringContaining(reason) }
    await expect(read(avro(V1, { registry: client() }), data)).rejects.toMatchObject(refused)
  })

  it('a value that does not fit names the field', async () => {
    const wrong = { id: 1, customer: 7 } as never
    const refused = {
      code: 'MILLRACE_SERDE_ENCODE',
      message: expect.stringContaining('at customer: 7 is not a string'),
    }
    await expect(write(avro(V1, { registry: client() }), wrong)).rejects.toMatchObject(refused)
  })
})

describe('a registry that does not do what it should', () => {
  it.each([
    ['is away', undefined, 'MILLRACE_REGISTRY_UNAVAILABLE', 'ECONNREFUSED'],
    [
      'fails',
      { status: 500, body: '{"error_code":50001,"message":"no store"}' },
      'MILLRACE_REGISTRY_UNAVAILABLE',
      'code 50001: no store',
    ],
    [
      'answers HTML',
      { status: 200, body: '<html>Sign in</html>' },
      'MILLRACE_REGISTRY_UNAVAILABLE',
      'no JSON ("<html>Sign in</html>")',
    ],
    ['is slow', { status: 0, body: '' }, 'MILLRACE_REGISTRY_UNAVAILABLE', 'timeout'],
    ['redirects in circles', { status: 302, body: '' }, 'MILLRACE_REGISTRY_UNAVAILABLE', 'redirect'],
    [
      'wants a login',
      { status: 401, body: '{"error_code":401,"message":"Unauthorized"}' },
      'MILLRACE_REGISTRY_REFUSED',
      'Unauthorized',
    ],
  ])('%s', async (_what, answer, code, reason) => {
    const server = createServer((request, response) => {
      if (answer === undefined || answer.status === 0) return
      response.writeHead(answer.status, { location: request.url ?? '/' }).end(answer.body)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    if (answer === undefined) server.close()
    const registry = schemaRegistry({ url, timeoutMs: answer?.status === 0 ? 300 : 60_000 })
    const failed = { code, message: expect.stringMatching(new RegExp(reason.replace(/[()]/g, '\\$&'), 'i')) }
    await expect(read(avro(V1, { registry }), Buffer.from([0, 0, 0, 0, 1, 2]))).rejects.toMatchObject(failed)
    server.closeAllConnections()
    server.close()
  })

  it('the next URL is asked when one does not answer', async () => {
    const registry = schemaRegistry({ url: ['http://127.0.0.1:1', running.url] })
    const serde = avro(V1, { registry })
    expect(await read(serde, await write(serde, ADA))).toEqual(ADA)
  })
})

it('a topology reads old data, counts, keeps them in a store, and writes new data', async () => {
  const registry = client()
  const older = avro(V1, { registry })
  const newer = avro(V2, { registry: client() })
  const builder = new StreamsBuilder()
  builder
    .stream('orders', { key: string(), value: newer })
    .groupBy(order => order.customer, { key: string() })
    .reduce((_, order) => ({ ...order, note: order.note ?? 'none' }), { store: { name: 'last', caching: false } })
    .toStream()
    .to('last-orders', { key: string(), value: newer })
  await using driver = await TopologyTestDriver.create(builder.build(), {
    onBadRecord: { deadLetterTopic: 'bad' },
    applicationId: 'app',
  })
  const orders = driver.createInputTopic('orders', { key: string(), value: older })
  await orders.pipeInput('k', ADA)
  await orders.pipeInput('k', { ...ADA, id: 2 })
  await driver.createInputTopic('orders', { key: string(), value: bytes() }).pipeInput('k', Buffer.from('poison'))
  await orders.pipeInput('k', { ...ADA, id: 3 })
  const output = driver.createOutputTopic('last-orders', { key: string(), value: newer })
  expect(output.readKeyValuesToList()).toEqual([
    ['Ada', { ...ADA, note: null }],
    ['Ada', { ...ADA, id: 2, note: 'none' }],
    ['Ada', { ...ADA, id: 3, note: 'none' }],
  ])
  expect(driver.createOutputTopic('bad', { key: string(), value: bytes() }).readValue()).toEqual(Buffer.from('poison'))
  const subjects = await (await fetch(`${running.url}/subjects`)).json()
  expect(subjects).toEqual([
    'app-last-changelog-value',
    'app-last-repartition-value',
    'last-orders-value',
    'orders-value',
  ])
})
