import { create, createMutableRegistry } from '@bufbuild/protobuf'
import {
  AvroDeserializer,
  AvroSerializer,
  type Deserializer,
  JsonDeserializer,
  JsonSerializer,
  ProtobufDeserializer,
  ProtobufSerializer,
  SchemaRegistryClient,
  SerdeType,
  type Serializer,
} from '@confluentinc/schemaregistry'
import { SchemaRegistry as KafkajsRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import { bytes, type Plan, type Serde, string, StreamsBuilder, whenReady } from '@millrace/core'
import { TopologyTestDriver } from '@millrace/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { schemaRegistry } from './client/schema-registry.ts'
import { avro } from './serde/avro.ts'
import { jsonSchema } from './serde/json-schema.ts'
import { ItemSchema } from './serde/order-pb.fixture.ts'
import { protobuf } from './serde/protobuf.ts'
import { type RunningRegistry, startRegistry } from './start-registry.ts'

/*
 * The same application, written with the serdes of Millrace and with the clients that others use: beside the embedded registry, each reads what
 * each has written.
 */

let registry: RunningRegistry
beforeEach(async () => void (registry = await startRegistry()))
afterEach(() => registry.close())

interface Item {
  readonly sku: string
}

/** How a program reads and writes items. */
interface Codec {
  readonly by: string
  encode(topic: string, item: Item): Promise<Buffer>
  decode(topic: string, data: Buffer): Promise<Item>
  /** The application as it is written with this client. */
  application(): Plan
}

const AVRO = { type: 'record', name: 'Item', namespace: 'shop', fields: [{ name: 'sku', type: 'string' }] } as const
const JSON_SCHEMA = {
  title: 'Item',
  type: 'object',
  properties: { sku: { type: 'string' } },
  required: ['sku'],
} as const

const shout = ({ sku }: Item): Item => ({ sku: sku.toUpperCase() })

function ofSerde(serde: Serde<Item>): Codec {
  return {
    by: 'Millrace',
    encode: async (topic, item) => Buffer.from(await whenReady(() => serde.serialize(item, topic))),
    decode: async (topic, data) => await whenReady(() => serde.deserialize(data, topic)),
    application() {
      const builder = new StreamsBuilder()
      builder
        .stream('items', { key: string(), value: serde })
        .filter(({ sku }) => sku !== 'nothing')
        .mapValues(shout)
        .to('shouted', { key: string(), value: serde })
      return builder.build()
    },
  }
}

/** Without a serde the clients are asked in asynchronous functions. */
function ofClient(codec: Pick<Codec, 'by' | 'encode' | 'decode'>): Codec {
  return {
    ...codec,
    application() {
      const builder = new StreamsBuilder()
      builder
        .stream('items', { key: string(), value: bytes() })
        .mapValuesAsync(data => codec.decode('items', Buffer.from(data)))
        .filter(({ sku }) => sku !== 'nothing')
        .mapValuesAsync(async item => await codec.encode('shouted', shout(item)))
        .to('shouted', { key: string(), value: bytes() })
      return builder.build()
    },
  }
}

function ofKafkajs(schema: { readonly type: SchemaType; readonly schema: string }): Codec {
  const client = new KafkajsRegistry({ host: registry.url })
  return ofClient({
    by: '@kafkajs/confluent-schema-registry',
    async encode(topic, item) {
      const { id } = await client.register(schema as never, { subject: `${topic}-value` })
      return await client.encode(id, item)
    },
    decode: (_topic, data) => client.decode(data) as Promise<Item>,
  })
}

function ofConfluent(
  schema: { readonly schemaType: string; readonly schema: string } | undefined,
  serializer: (client: SchemaRegistryClient, registers: boolean) => Serializer,
  deserializer: (client: SchemaRegistryClient) => Deserializer,
  given: (item: Item) => unknown = item => item,
): Codec {
  const client = new SchemaRegistryClient({ baseURLs: [registry.url] })
  const [writes, reads] = [serializer(client, schema === undefined), deserializer(client)]
  return ofClient({
    by: '@confluentinc/schemaregistry',
    async encode(topic, item) {
      if (schema !== undefined) await client.register(`${topic}-value`, schema)
      return await writes.serialize(topic, given(item))
    },
    decode: async (topic, data) => (await reads.deserialize(topic, data)) as Item,
  })
}

/** A new object for each serializer, because serializers write into it. */
const latest = () => ({ autoRegisterSchemas: false, useLatestVersion: true })

/** Each gives codecs that know nothing yet. */
const FORMATS: Readonly<Record<string, () => readonly Codec[]>> = {
  Avro: () => [
    ofSerde(avro(AVRO, { registry: schemaRegistry({ url: registry.url }) })),
    ofKafkajs({ type: SchemaType.AVRO, schema: JSON.stringify(AVRO) }),
    ofConfluent(
      { schemaType: 'AVRO', schema: JSON.stringify(AVRO) },
      client => new AvroSerializer(client, SerdeType.VALUE, latest()),
      client => new AvroDeserializer(client, SerdeType.VALUE, {}),
    ),
  ],
  'JSON Schema': () => [
    ofSerde(jsonSchema(JSON_SCHEMA, { registry: schemaRegistry({ url: registry.url }) })),
    ofKafkajs({ type: SchemaType.JSON, schema: JSON.stringify(JSON_SCHEMA) }),
    ofConfluent(
      { schemaType: 'JSON', schema: JSON.stringify(JSON_SCHEMA) },
      client => new JsonSerializer(client, SerdeType.VALUE, { ...latest(), validate: true }),
      client => new JsonDeserializer(client, SerdeType.VALUE, { validate: true }),
    ),
  ],
  // The client of kafkajs writes no message indexes, which nobody else can read.
  Protobuf: () => [
    ofSerde(protobuf<Item>(PROTO, { registry: schemaRegistry({ url: registry.url }), message: 'Item' })),
    ofConfluent(
      { schemaType: 'PROTOBUF', schema: PROTO },
      client =>
        new ProtobufSerializer(client, SerdeType.VALUE, { ...latest(), registry: createMutableRegistry(ItemSchema) }),
      client => new ProtobufDeserializer(client, SerdeType.VALUE, {}),
      item => create(ItemSchema, item),
    ),
  ],
}
const PROTO = 'syntax = "proto3"; package shop; message Order {} message Item { string sku = 1; }'

describe.each(Object.entries(FORMATS))('%s', (_format, codecs) => {
  it('each application reads what each has written, and gives what each can read', { timeout: 60_000 }, async () => {
    const results: Buffer[][] = []
    for (const application of codecs()) {
      await using driver = await TopologyTestDriver.create(application.application())
      const items = driver.createInputTopic('items', { key: string(), value: bytes() })
      for (const writer of codecs()) {
        await items.pipeInput('k', await writer.encode('items', { sku: `of ${writer.by}` }))
        await items.pipeInput('k', await writer.encode('items', { sku: 'nothing' }))
      }
      const written = driver.createOutputTopic('shouted', { key: string(), value: bytes() }).readValuesToList()
      const data = written.map(one => Buffer.from(one!))
      results.push(data)
      const expected = codecs().map(({ by }) => ({ sku: `of ${by}`.toUpperCase() }))
      for (const reader of codecs()) {
        const read = await Promise.all(data.map(one => reader.decode('shouted', one)))
        expect(read, `${reader.by} reads what ${application.by} has written`).toMatchObject(expected)
      }
    }
    // The same bytes, too: the same id, and the same form.
    for (const result of results) expect(result).toEqual(results[0])
  })
})
