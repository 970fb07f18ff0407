import { JsonDeserializer, JsonSerializer, SchemaRegistryClient, SerdeType } from '@confluentinc/schemaregistry'
import { SchemaRegistry as KafkajsRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import { bytes, string, StreamsBuilder } from '@millrace/core'
import { TopologyTestDriver } from '@millrace/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { avro } from './avro.ts'
import { jsonSchema, type JsonSchemaOptions } from './json-schema.ts'
import { read, registryOfEachTest, retrying, write } from './serde-registry.fixture.ts'

const running = registryOfEachTest()
const { client, get } = running

const ORDER = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Order',
  type: 'object',
  properties: {
    id: { type: 'integer' },
    status: { enum: ['new', 'paid'] },
    at: { type: 'string', format: 'date-time' },
    lines: {
      type: 'array',
      items: { type: 'object', properties: { price: { type: 'number', minimum: 0 } }, required: ['price'] },
    },
  },
  required: ['id'],
  additionalProperties: false,
} as const
const ADA = { id: 1, status: 'new', lines: [{ price: 2.5 }] } as const

const orders = (options: Partial<JsonSchemaOptions> = {}) =>
  jsonSchema<unknown>(ORDER, { registry: client(), ...options })
const framed = (text: string | Buffer): Buffer => Buffer.concat([Buffer.of(0, 0, 0, 0, 1), Buffer.from(text)])

it('writes and reads JSON behind the id of its schema', async () => {
  const serde = jsonSchema(ORDER, { registry: client() })
  const data = await write(serde, { id: 1, status: 'new', lines: [{ price: 2.5 }] })
  expect(Buffer.from(data)).toEqual(framed(JSON.stringify(ADA)))
  expect(await read(serde, data)).toEqual(ADA)
  expect(await get('/subjects/orders-value/versions/1')).toMatchObject({
    schemaType: 'JSON',
    schema: JSON.stringify(ORDER),
  })
})

it.each([
  ['topic', 'value', 'orders-value'],
  ['topic', 'key', 'orders-key'],
  ['record', 'value', 'Order'],
  ['topic-record', 'value', 'orders-Order'],
] as const)('by %s, for a %s: %s', async (subject, side, expected) => {
  await write(orders({ subject, side }), ADA)
  expect(await get('/subjects')).toEqual([expected])
})

it('a GUID may be in a header', async () => {
  const serde = orders({ schemaId: 'header' })
  const record = await retrying(() => serde.serializeRecord!(ADA, 'orders'))
  expect(Buffer.from(record.bytes).toString()).toBe(JSON.stringify(ADA))
  expect(await retrying(() => serde.deserialize(record.bytes, 'orders', record.headers))).toEqual(ADA)
})

describe('validation', () => {
  it.each([
    [{}, "must have required property 'id'"],
    [{ id: 1.5 }, 'at id: must be integer'],
    [{ id: 1, status: 'lost' }, 'at status: must be equal to one of the allowed values (["new","paid"])'],
    [{ id: 1, lines: [{ price: 1 }, { price: -1 }] }, 'at lines.1.price: must be >= 0'],
    [{ id: 1, extra: 1 }, 'must NOT have additional properties ("extra")'],
    [{ id: 1, at: 'noon' }, 'at at: must match format "date-time"'],
    [{ id: Number.NaN }, '$.id is NaN, which JSON writes as null'],
    ['text', 'must be object'],
    [{ id: 1n }, '$.id is the bigint'],
    [() => {}, '$ is a function, and JSON has no form for function'],
  ])('value %#', async (value, reason) => {
    const refused = { code: 'MILLRACE_SERDE_ENCODE', kind: 'record', message: expect.stringContaining(reason) }
    await expect(write(orders(), value)).rejects.toMatchObject(refused)
  })

  it('happens on reading by choice', async () => {
    await write(orders(), ADA)
    const other = framed('{"id":"x"}')
    expect(await read(orders(), other)).toEqual({ id: 'x' })
    for (const validate of ['read', 'both'] as const) {
      await expect(read(orders({ validate }), other)).rejects.toMatchObject({
        code: 'MILLRACE_SERDE_DECODE',
        message: expect.stringContaining('at id: must be integer (written with the schema 1)'),
      })
    }
    expect(await write(orders({ validate: 'none' }), { id: 'x' })).toEqual(other)
  })

  it('of formats can be left out, and a Date is the text that is written', async () => {
    const data = await write(orders(), { id: 1, at: new Date(0) })
    expect(await read(orders(), data)).toEqual({ id: 1, at: '1970-01-01T00:00:00.000Z' })
    await write(orders({ formats: false }), { id: 1, at: 'noon' })
  })

  it.each([
    [
      '4',
      { $schema: 'http://json-schema.org/draft-04/schema#', type: 'number', maximum: 3, exclusiveMaximum: true },
      2,
      3,
    ],
    ['6', { $schema: 'http://json-schema.org/draft-06/schema#', const: 1 }, 1, 2],
    [
      '7',
      '{"$schema":"http://json-schema.org/draft-07/schema#","if":{"type":"string"},"then":{"minLength":2}}',
      'ab',
      'a',
    ],
    [
      '2019-09',
      { $schema: 'https://json-schema.org/draft/2019-09/schema', dependentRequired: { a: ['b'] } },
      { a: 1, b: 1 },
      { a: 1 },
    ],
    [
      '2020-12',
      { $schema: 'https://json-schema.org/draft/2020-12/schema', prefixItems: [{ type: 'string' }], items: false },
      ['a'],
      ['a', 'b'],
    ],
  ])('knows draft %s', async (_draft, schema, good, bad) => {
    const serde = jsonSchema<unknown>(schema, { registry: client() })
    await write(serde, good)
    await expect(write(serde, bad)).rejects.toMatchObject({ code: 'MILLRACE_SERDE_ENCODE' })
  })
})

describe('references', () => {
  const customer = {
    type: 'object',
    properties: { name: { type: 'string' } },
    required: ['name'],
    additionalProperties: false,
  }
  const basket = { type: 'object', properties: { customer: { $ref: 'customer.json' } } }
  const references = [{ name: 'customer.json', subject: 'customer', schema: customer }]

  it('are registered first, and checked', async () => {
    const serde = jsonSchema<unknown>(basket, { registry: client(), references })
    const data = await write(serde, { customer: { name: 'Ada' } }, 'baskets')
    expect(await get('/subjects/baskets-value/versions/1')).toMatchObject({
      references: [{ name: 'customer.json', subject: 'customer', version: 1 }],
    })
    await expect(write(serde, { customer: {} }, 'baskets')).rejects.toThrow(
      "at customer: must have required property 'name'",
    )
    expect(await read(jsonSchema<unknown>(true, { registry: client() }), data)).toEqual({ customer: { name: 'Ada' } })
    const latest = jsonSchema<unknown>(true, { registry: client(), register: 'latest' })
    await expect(write(latest, { customer: {} }, 'baskets')).rejects.toThrow(
      "at customer: must have required property 'name'",
    )
  })

  it('that are missing are an error of the schema', () => {
    expect(() => jsonSchema(basket, { registry: client() })).toThrow(
      expect.objectContaining({
        code: 'MILLRACE_SCHEMA_INVALID',
        message: expect.stringContaining("can't resolve reference customer.json"),
      }),
    )
  })
})

describe('register', () => {
  it('require and latest', async () => {
    await expect(write(orders({ register: 'require' }), ADA)).rejects.toMatchObject({
      code: 'MILLRACE_REGISTRY_SCHEMA_MISSING',
    })
    await expect(write(orders({ register: 'latest' }), ADA)).rejects.toMatchObject({
      code: 'MILLRACE_REGISTRY_SCHEMA_MISSING',
    })
    await write(orders(), ADA)
    await write(orders({ register: 'require' }), ADA)
    const lax = jsonSchema<unknown>({}, { registry: client(), register: 'latest' })
    await expect(write(lax, { id: 'x' })).rejects.toThrow('at id: must be integer')
  })

  it('an incompatible schema is refused with the reason', async () => {
    await write(orders(), ADA)
    const stricter = jsonSchema<unknown>({ ...ORDER, required: ['id', 'at'] }, { registry: client() })
    await expect(write(stricter, { ...ADA, at: new Date() })).rejects.toMatchObject({
      code: 'MILLRACE_REGISTRY_REFUSED',
      message: expect.stringContaining('REQUIRED_ATTRIBUTE_ADDED'),
    })
  })
})

describe('with other clients', () => {
  // They refuse a "format" that they do not know.
  const PLAIN = { type: 'object', properties: { id: { type: 'integer' } } }

  const plain = () => jsonSchema<unknown>(PLAIN, { registry: client() })

  it('reads what @confluentinc/schemaregistry writes, and the reverse', async () => {
    const other = () => new SchemaRegistryClient({ baseURLs: [running.url] })
    await other().register('orders-value', { schemaType: 'JSON', schema: JSON.stringify(PLAIN) })
    const serializer = new JsonSerializer(other(), SerdeType.VALUE, {
      autoRegisterSchemas: false,
      useLatestVersion: true,
      validate: true,
    })
    expect(await read(plain(), await serializer.serialize('orders', ADA))).toEqual(ADA)
    const deserializer = new JsonDeserializer(other(), SerdeType.VALUE, { validate: true })
    expect(await deserializer.deserialize('orders', Buffer.from(await write(plain(), ADA)))).toEqual(ADA)
  })

  it('reads what @kafkajs/confluent-schema-registry writes, and the reverse', async () => {
    const other = new KafkajsRegistry({ host: running.url })
    const { id } = await other.register(
      { type: SchemaType.JSON, schema: JSON.stringify(PLAIN) },
      { subject: 'orders-value' },
    )
    expect(await read(plain(), await other.encode(id, ADA))).toEqual(ADA)
    expect(await other.decode(Buffer.from(await write(plain(), ADA)))).toEqual(ADA)
  })
})

describe('bad data', () => {
  it.each([
    ['no registry', Buffer.from('{"id":1}'), 'the first byte is 123 and not 0'],
    ['no id', Buffer.of(0, 0), 'there are 2 bytes'],
    ['an unknown id', Buffer.of(0, 0, 0, 0, 99), 'the registry knows no schema 99'],
    ['nothing', framed(''), 'Unexpected end of JSON input (written with the schema 1)'],
    ['half a value', framed('{"id":'), 'Unexpected end of JSON input'],
    ['no UTF-8', framed(Buffer.of(0x22, 0xc3, 0x28, 0x22)), 'The encoded data was not valid'],
    [
      'an integer that would be rounded',
      framed('{"id":9007199254740993}'),
      'at id: the integer 9007199254740993 cannot be a number without being rounded',
    ],
  ])('%s', async (_what, data, reason) => {
    await write(orders(), ADA)
    const refused = { code: 'MILLRACE_SERDE_DECODE', kind: 'record', message: expect.stringContaining(reason) }
    await expect(read(orders(), data)).rejects.toMatchObject(refused)
  })

  it('large numbers that are exact are read', async () => {
    await write(orders(), ADA)
    expect(await read(orders(), framed('{"id":9007199254740992,"x":0.12345678901234567}'))).toMatchObject({
      id: 2 ** 53,
    })
  })

  it('values in values do not end the process', async () => {
    const tree = { type: 'object', properties: { inner: { $ref: '#' } } }
    const serde = jsonSchema<unknown>(tree, { registry: client(), validate: 'both' })
    await write(serde, {})
    const text = '{"inner":'.repeat(200_000) + '{}' + '}'.repeat(200_000)
    await expect(read(serde, framed(text))).rejects.toMatchObject({ code: 'MILLRACE_SERDE_DECODE' })
  })

  it('the id of an Avro schema', async () => {
    const data = await write(avro('"string"', { registry: client() }), 'a')
    await expect(read(orders(), data)).rejects.toThrow('the schema 1 is of type AVRO, not JSON')
  })

  it('any bytes are read, or refused with MILLRACE_SERDE_DECODE', async () => {
    const serde = orders({ validate: 'both' })
    await read(serde, await write(serde, ADA))
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 40 }),
          fc.json().map(text => Buffer.from(text)),
        ),
        body => {
          try {
            serde.deserialize(framed(Buffer.from(body)), 'orders')
          } catch (error) {
            expect(error).toMatchObject({ code: 'MILLRACE_SERDE_DECODE' })
          }
        },
      ),
    )
  })
})

describe('schemas that are not valid', () => {
  it.each([
    ['no JSON', '{', 'JSON'],
    ['no schema', '7', 'a schema is an object, true or false'],
    ['an unknown type', { type: 'text' }, 'type must be'],
    ['a pattern', { pattern: '(' }, 'Invalid regular expression'],
    ['a reference to itself that leads nowhere', { $ref: '#/definitions/none' }, "can't resolve reference"],
  ])('%s', (_what, schema, reason) => {
    expect(() => jsonSchema(schema, { registry: client() })).toThrow(
      expect.objectContaining({ code: 'MILLRACE_SCHEMA_INVALID', message: expect.stringContaining(reason) }),
    )
  })

  it('subjects by record need a title', () => {
    expect(() => jsonSchema({}, { registry: client(), subject: 'record' })).toThrow('needs the "title" of the schema')
  })
})

it('a topology reads, keeps values in a store, and writes', async () => {
  const order = jsonSchema(ORDER, { registry: client(), validate: 'both' })
  const builder = new StreamsBuilder()
  builder
    .stream('orders', { key: string(), value: order })
    .groupByKey()
    .reduce((sum, next) => ({ ...next, id: sum.id + next.id }), { store: { name: 'last', caching: false } })
    .toStream()
    .to('sums', { key: string(), value: order })
  await using driver = await TopologyTestDriver.create(builder.build(), {
    onBadRecord: { deadLetterTopic: 'bad' },
    applicationId: 'app',
  })
  const input = driver.createInputTopic('orders', { key: string(), value: order })
  await input.pipeInput('k', { id: 1 })
  await driver.createInputTopic('orders', { key: string(), value: bytes() }).pipeInput('k', framed('{"id":"poison"}'))
  await input.pipeInput('k', { id: 2 })
  const sums = driver.createOutputTopic('sums', { key: string(), value: order }).readKeyValuesToList()
  expect(sums).toEqual([
    ['k', { id: 1 }],
    ['k', { id: 3 }],
  ])
  expect(driver.createOutputTopic('bad', { key: string(), value: bytes() }).readValue()).toEqual(
    framed('{"id":"poison"}'),
  )
})
