import { create, createMutableRegistry, fromBinary, toBinary } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import { ProtobufDeserializer, ProtobufSerializer, SchemaRegistryClient, SerdeType } from '@confluentinc/schemaregistry'
import { SchemaRegistry as KafkajsRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import { bytes, type Serde, string, StreamsBuilder } from '@millrace/core'
import { TopologyTestDriver } from '@millrace/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readMessageIndexes, writeMessageIndexes } from '../protobuf/message-indexes.ts'
import { avro } from './avro.ts'
import { CUSTOMER_PROTO, ItemSchema, LineSchema, ORDER_PROTO, type Order, OrderSchema } from './order-pb.fixture.ts'
import { protobuf } from './protobuf.ts'
import { read, registryOfEachTest, retrying, write } from './serde-registry.fixture.ts'

const running = registryOfEachTest()
const { client, get } = running

const ADA = create(OrderSchema, {
  id: 7n,
  customer: { name: 'Ada' },
  lines: [{ sku: 'tea', price: 2.5 }],
  stock: { tea: 3 },
  at: timestampFromMs(1_700_000_000_000),
  payment: { case: 'card', value: '4711' },
})

/** A value of a schema that is given as text. */
const one = (fields: string, more = '') => `syntax = "proto3"; package shop; message One { ${fields} } ${more}`
const text = (proto: string, more: object = {}) => protobuf(proto, { registry: client(), ...more })

describe('generated messages', () => {
  it('are written and read', async () => {
    const serde: Serde<Order> = protobuf(OrderSchema, { registry: client() })
    const data = await write(serde, ADA)
    expect(Buffer.from(data.subarray(0, 6)).toString('hex')).toBe('000000000200')
    expect(fromBinary(OrderSchema, data.subarray(6))).toEqual(ADA)
    expect(await read(serde, data)).toEqual(ADA)
  })

  it("register the files that they import under their paths, and Google's not", async () => {
    await write(protobuf(OrderSchema, { registry: client() }), ADA)
    expect(await get('/subjects')).toEqual(['orders-value', 'shop/customer.proto'])
    expect(await get('/subjects/orders-value/versions/1')).toMatchObject({
      schemaType: 'PROTOBUF',
      references: [{ name: 'shop/customer.proto', subject: 'shop/customer.proto', version: 1 }],
      schema: expect.stringContaining('map<string, int32> stock = 4;'),
    })
  })

  it('have the schema of their text', async () => {
    await write(protobuf(OrderSchema, { registry: client(), normalize: true }), ADA)
    const same = protobuf<Order>(ORDER_PROTO, {
      registry: client(),
      normalize: true,
      imports: { 'shop/customer.proto': CUSTOMER_PROTO },
    })
    expect(await read(same, await write(same, ADA))).toEqual(ADA)
    expect(await get('/subjects/orders-value/versions')).toEqual([1])
  })

  it('may be nested in others, or be one of several', async () => {
    const line = protobuf(LineSchema, { registry: client() })
    const data = await write(line, create(LineSchema, { sku: 'tea' }))
    // Two indexes, 0 and 0.
    expect([...data.subarray(5, 8)]).toEqual([4, 0, 0])
    expect(await read(line, data)).toMatchObject({ sku: 'tea' })
    const several = protobuf([OrderSchema, ItemSchema], { registry: client() })
    const item = create(ItemSchema, { sku: 'cup' })
    expect(await read(several, await write(several, item))).toEqual(item)
    expect(await read(several, await write(several, ADA))).toEqual(ADA)
    await expect(read(several, data)).rejects.toMatchObject({
      code: 'MILLRACE_SERDE_DECODE',
      message: expect.stringContaining('the record has the message shop.Order.Line'),
    })
  })

  it.each([
    ['topic', 'value', 'orders-value'],
    ['topic', 'key', 'orders-key'],
    ['record', 'value', 'shop.Item'],
    ['topic-record', 'value', 'orders-shop.Item'],
  ] as const)('by %s, for a %s: %s', async (subject, side, expected) => {
    await write(protobuf(ItemSchema, { registry: client(), subject, side }), create(ItemSchema, { sku: 'x' }))
    expect(await get('/subjects')).toContain(expected)
  })

  it('a GUID and the indexes may be in a header', async () => {
    const serde = protobuf(ItemSchema, { registry: client(), schemaId: 'header' })
    const item = create(ItemSchema, { sku: 'cup' })
    const record = await retrying(() => serde.serializeRecord!(item, 'orders'))
    expect(Buffer.from(record.bytes)).toEqual(Buffer.from(toBinary(ItemSchema, item)))
    expect(record.headers[0]!.value!.length).toBe(19)
    expect(await retrying(() => serde.deserialize(record.bytes, 'orders', record.headers))).toEqual(item)
  })
})

describe('evolution', () => {
  it('reads by the numbers of fields, and keeps unknown ones', async () => {
    const older = text(one('string name = 1; int32 size = 2;'))
    const newer = text(one('string label = 1; int64 size = 2; bool done = 3;'))
    const fresh = await write(newer, { label: 'a', size: 5n, done: true } as never)
    const seen = await read(older, fresh)
    expect(seen).toMatchObject({ name: 'a', size: 5 })
    expect(await read(newer, await write(older, seen))).toMatchObject({ label: 'a', size: 5n, done: true })
    const dropping = text(one('string name = 1; int32 size = 2;'), { unknownFields: 'drop' })
    expect(await read(newer, await write(dropping, await read(dropping, fresh)))).toMatchObject({ done: false })
  })

  it('a message that has moved in its file is found', async () => {
    const older = text(one('string name = 1;'))
    const newer = text(
      `syntax = "proto3"; package shop; message Zero { int32 x = 1; } message One { string name = 1; }`,
      { message: 'One' },
    )
    const data = await write(newer, { name: 'a' } as never)
    expect([...data.subarray(5, 7)]).toEqual([2, 2])
    expect(await read(older, data)).toMatchObject({ name: 'a' })
  })

  it('latest writes under the indexes of the latest version', async () => {
    await write(
      text(`syntax = "proto3"; package shop; message Zero { int32 x = 1; } message One { string name = 1; }`),
      { x: 1 } as never,
    )
    const data = await write(text(one('string name = 1;'), { register: 'latest' }), { name: 'a' } as never)
    expect([...data.subarray(0, 7)]).toEqual([0, 0, 0, 0, 1, 2, 2])
    const gone = text('syntax = "proto3"; package shop; message Two { string name = 1; }', { register: 'latest' })
    await expect(write(gone, { name: 'a' } as never)).rejects.toMatchObject({
      code: 'MILLRACE_REGISTRY_SCHEMA_MISSING',
      message: expect.stringContaining('its latest version has no message shop.Two'),
    })
  })

  it('bytes of another type are refused, not misread', async () => {
    const data = await write(text(one('string name = 1; repeated int32 sizes = 2;')), {
      name: 'abc',
      sizes: [1, 2],
    } as never)
    await expect(read(text(one('int32 name = 1;')), data)).rejects.toMatchObject({
      code: 'MILLRACE_SERDE_DECODE',
      message: expect.stringContaining(
        'at name: the bytes have text, bytes or a message where the schema needs a varint (written with the schema 1)',
      ),
    })
    await expect(read(text(one('repeated fixed32 sizes = 2;')), data)).rejects.toThrow('at sizes: the list has 2 bytes')
  })

  it('a required field that is missing is an error of the record', async () => {
    const old = text('syntax = "proto2"; package shop; message One { optional string name = 1; }')
    const strict = text('syntax = "proto2"; package shop; message One { required string name = 1; }')
    await expect(read(strict, await write(old, {} as never))).rejects.toThrow('at name: the required field is missing')
    await expect(write(strict, {} as never, 'other')).rejects.toThrow('at name: the field is required')
  })

  it('an incompatible schema is refused with the reason', async () => {
    await write(text(one('string name = 1;')), { name: 'a' } as never)
    await expect(write(text(one('int32 name = 1;')), { name: 1 } as never)).rejects.toMatchObject({
      code: 'MILLRACE_REGISTRY_REFUSED',
      message: expect.stringContaining(`{errorType:\\"FIELD_SCALAR_KIND_CHANGED\\"`.replaceAll('\\', '')),
    })
    const strict = text(one('string other = 1;'), { register: 'require' })
    await expect(write(strict, { other: 'a' } as never)).rejects.toMatchObject({
      code: 'MILLRACE_REGISTRY_SCHEMA_MISSING',
    })
  })
})

describe('with other clients', () => {
  it('reads what @confluentinc/schemaregistry writes, and the reverse', async () => {
    const registry = createMutableRegistry(OrderSchema, LineSchema, ItemSchema)
    const other = () => new SchemaRegistryClient({ baseURLs: [running.url] })
    const serializer = new ProtobufSerializer(other(), SerdeType.VALUE, { autoRegisterSchemas: true, registry })
    const items = protobuf(ItemSchema, { registry: client() })
    const item = create(ItemSchema, { sku: 'cup' })
    // It appends ".proto" to a path that has it already, so that only files without imports of their own can be registered by it.
    await write(items, item, 'items')
    const latest = new ProtobufSerializer(other(), SerdeType.VALUE, {
      autoRegisterSchemas: false,
      useLatestVersion: true,
      registry,
    })
    expect(await read(items, await latest.serialize('items', item), 'items')).toEqual(item)
    const deserializer = new ProtobufDeserializer(other(), SerdeType.VALUE, {})
    expect(await deserializer.deserialize('items', Buffer.from(await write(items, item, 'items')))).toMatchObject({
      sku: 'cup',
    })
    const orders = protobuf(OrderSchema, { registry: client() })
    expect(await deserializer.deserialize('orders', Buffer.from(await write(orders, ADA)))).toMatchObject({
      id: 7n,
      stock: { tea: 3 },
    })
    expect(await read(orders, await serializer.serialize('orders', ADA))).toEqual(ADA)
  })

  it('@kafkajs/confluent-schema-registry registers, but writes no message indexes', async () => {
    const other = new KafkajsRegistry({ host: running.url })
    const { id } = await other.register(
      { type: SchemaType.PROTOBUF, schema: one('string name = 1;') },
      { subject: 'orders-value' },
    )
    const serde = text(one('string name = 1;'))
    const data = await write(serde, { name: 'ab' } as never)
    expect(data.subarray(0, 5)).toEqual((await other.encode(id, { name: 'ab' })).subarray(0, 5))
    // Neither Confluent's clients nor Millrace can read such records.
    expect((await other.encode(id, { name: 'ab' })).subarray(5)).toEqual(Buffer.from(data.subarray(6)))
    await expect(read(serde, await other.encode(id, { name: 'ab' }))).rejects.toMatchObject({
      code: 'MILLRACE_SERDE_DECODE',
    })
  })
})

describe('bad data', () => {
  const deep = (levels: number): Buffer => {
    let data = Buffer.alloc(0)
    for (let level = 0; level < levels; level++) {
      const length: number[] = []
      for (let rest = data.length; ; rest >>>= 7) {
        length.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest)
        if (rest <= 0x7f) break
      }
      data = Buffer.concat([Buffer.of(0x1a, ...length), data])
    }
    return data
  }
  const head = Buffer.of(0, 0, 0, 0, 1)
  const PROTO = one('string name = 1; fixed64 big = 2; One inner = 3;')

  it.each([
    ['no registry', Buffer.from('{"id":1}'), 'the first byte is 123 and not 0'],
    ['no id', Buffer.of(0, 0), 'there are 2 bytes'],
    ['an unknown id', Buffer.of(0, 0, 0, 0, 99, 0), 'the registry knows no schema 99'],
    ['no indexes', head, 'the bytes end within the message indexes'],
    ['cut indexes', Buffer.concat([head, Buffer.of(4, 0)]), 'the bytes end within the message indexes'],
    [
      'an index without end',
      Buffer.concat([head, Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff)]),
      'a message index is longer than 32 bits',
    ],
    [
      'a huge count',
      Buffer.concat([head, Buffer.of(0xfe, 0xff, 0xff, 0xff, 0x0f)]),
      'the record has 2147483647 message indexes',
    ],
    ['a negative count', Buffer.concat([head, Buffer.of(1)]), 'the record has -1 message indexes'],
    [
      'an index that is too large',
      Buffer.concat([head, Buffer.of(2, 6)]),
      'the record has the message index 3, and the schema has 1 messages',
    ],
    ['a nested index', Buffer.concat([head, Buffer.of(4, 0, 0)]), 'the message shop.One has 0 messages'],
    ['a negative index', Buffer.concat([head, Buffer.of(2, 1)]), 'the record has the message index -1'],
    ['a cut value', Buffer.concat([head, Buffer.of(0, 10, 5, 65)]), 'at name: the bytes end within the value'],
    ['a cut number', Buffer.concat([head, Buffer.of(0, 17, 1, 2)]), 'at big: the bytes end within the value'],
    ['a cut varint', Buffer.concat([head, Buffer.of(0, 40, 0x80)]), 'at 5: the bytes end within the value'],
    [
      'a varint without end',
      Buffer.concat([head, Buffer.of(0, 40, ...Array.from({ length: 11 }, () => 0x80))]),
      'at 5: a varint has more than ten bytes',
    ],
    [
      'a huge length',
      Buffer.concat([head, Buffer.of(0, 10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)]),
      'at name: the bytes end within the value',
    ],
    [
      'an inner length beyond the outer',
      Buffer.concat([head, Buffer.of(0, 26, 2, 10, 9, 65, 65, 65, 65, 65, 65, 65, 65, 65)]),
      'at inner.name: the bytes end within the value',
    ],
    ['the field 0', Buffer.concat([head, Buffer.of(0, 0)]), 'a field number that is not valid'],
    ['an unknown form', Buffer.concat([head, Buffer.of(0, 47)]), 'the form 7, which does not exist'],
    ['the end of no group', Buffer.concat([head, Buffer.of(0, 44)]), 'a group that has not begun'],
    ['a group without end', Buffer.concat([head, Buffer.of(0, 43, 8, 1)]), 'the bytes end within a group'],
    ['no UTF-8', Buffer.concat([head, Buffer.of(0, 10, 2, 0xc3, 0x28)]), 'The encoded data was not valid'],
    ['messages in messages', Buffer.concat([head, Buffer.of(0), deep(200)]), 'nested more than 100 times'],
  ])('%s', async (_what, data, reason) => {
    const serde = text(PROTO)
    await write(serde, { name: 'a' } as never)
    const refused = { code: 'MILLRACE_SERDE_DECODE', kind: 'record', message: expect.stringContaining(reason) }
    await expect(read(serde, data)).rejects.toMatchObject(refused)
  })

  it('the id of an Avro schema', async () => {
    const data = await write(avro('"string"', { registry: client() }), 'a')
    await expect(read(text(PROTO), data)).rejects.toMatchObject({
      code: 'MILLRACE_SERDE_DECODE',
      message: expect.stringContaining('the schema 1 is of type AVRO, not PROTOBUF'),
    })
  })

  it('any bytes are read, or refused with MILLRACE_SERDE_DECODE', async () => {
    const serde = protobuf(OrderSchema, { registry: client() })
    const good = Buffer.from(await write(serde, ADA))
    await read(serde, good)
    const attempt = (data: Buffer): void => {
      try {
        serde.deserialize(data, 'orders')
      } catch (error) {
        expect(error).toMatchObject({ code: 'MILLRACE_SERDE_DECODE' })
      }
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), body => attempt(Buffer.concat([good.subarray(0, 5), body]))),
    )
    fc.assert(
      fc.property(fc.nat(good.length - 6), fc.nat(255), (at, byte) => {
        const changed = Buffer.from(good)
        changed[at + 5] = byte
        attempt(changed)
        attempt(good.subarray(0, at + 5))
      }),
    )
  })

  it('indexes are read as they are written', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2 ** 31 - 1), { minLength: 1, maxLength: 8 }), indexes => {
        const written = writeMessageIndexes(indexes)
        expect(readMessageIndexes(written, 0)).toEqual({ indexes, end: written.length })
      }),
    )
    expect(readMessageIndexes(Buffer.of(2, 0), 0)).toEqual({ indexes: [0], end: 2 })
  })
})

describe('values that do not fit', () => {
  const PROTO = `syntax = "proto3"; package shop;
    message One {
      string name = 1; int32 small = 2; uint64 big = 3; bool ok = 4; bytes raw = 5; float ratio = 6; Kind kind = 7;
      repeated string tags = 8; map<int32, string> names = 9; One inner = 10; oneof choice { string left = 11; int32 right = 12; }
    }
    enum Kind { NONE = 0; }`
  it.each([
    [{ name: 7 }, 'at name: 7 is not a string'],
    [{ name: '\uD800' }, 'at name: the string has half a surrogate pair'],
    [{ small: 1.5 }, 'at small: 1.5 is not an integer of 32 bits'],
    [{ small: 2 ** 31 }, 'at small: 2147483648 is not an integer of 32 bits'],
    [{ big: -1n }, 'at big: -1n is not a positive integer of 64 bits'],
    [{ $typeName: 'shop.One', big: 2 ** 60 }, 'at big: 1152921504606847000 is not a positive integer of 64 bits'],
    [{ nam: 'a' }, 'at nam: the message shop.One has no such field'],
    [{ inner: { nam: 'a' } }, 'at inner.nam: the message shop.One has no such field'],
    ['text', 'text is not a message shop.One'],
    [{ ok: 1 }, 'at ok: 1 is not a boolean'],
    [{ raw: 'abc' }, 'at raw: "abc" is not a Uint8Array'],
    [{ ratio: 1e300 }, 'at ratio: 1e+300 is not a number of 32 bits'],
    [{ kind: 'NONE' }, 'at kind: "NONE" is not a number of shop.Kind'],
    [{ tags: ['a', 2] }, 'at tags.1: 2 is not a string'],
    [{ names: { x: 'a' } }, 'at names.x: x is not a key of this map'],
    [{ inner: { inner: { small: 'x' } } }, 'at inner.inner.small: "x" is not an integer of 32 bits'],
    [{ choice: { case: 'middle', value: 1 } }, 'at choice: the case "middle" does not exist'],
    [{ choice: { case: 'right', value: 'x' } }, 'at choice.right: "x" is not an integer of 32 bits'],
  ])('value %#', async (value, reason) => {
    const refused = { code: 'MILLRACE_SERDE_ENCODE', kind: 'record', message: expect.stringContaining(reason) }
    await expect(write(text(PROTO), value as never)).rejects.toMatchObject(refused)
  })

  it('another message', async () => {
    const serde = protobuf(ItemSchema, { registry: client() }) as Serde<unknown>
    await expect(write(serde, ADA)).rejects.toMatchObject({
      code: 'MILLRACE_SERDE_ENCODE',
      message: expect.stringContaining('the value is a message shop.Order'),
    })
  })
})

describe('schemas that are not valid', () => {
  it.each([
    ['message', '1:8: the name of a message is expected, and not the end'],
    ['syntax = "proto3"; message A { int32 x = 1 }', '1:44: ";" is expected, and not "}"'],
    ['syntax = "proto3"; message A { B x = 1; }', 'A: "B" is not defined'],
    [
      'syntax = "proto3"; import "b.proto"; message A {}',
      'import "b.proto": there is no such file among the references',
    ],
    ['syntax = "proto3"; enum E { A = 0; }', 'the file has no message'],
  ])('%s', (proto, reason) => {
    expect(() => text(proto)).toThrow(
      expect.objectContaining({ code: 'MILLRACE_SCHEMA_INVALID', message: expect.stringContaining(reason) }),
    )
  })

  it('a message that the file does not have, and imports in a circle', () => {
    expect(() => text(one('int32 x = 1;'), { message: 'Two' })).toThrow('the file has no message "Two"')
    const imports = { 'a.proto': 'import "b.proto";', 'b.proto': 'import "a.proto";' }
    expect(() => text('syntax = "proto3"; import "a.proto"; message A {}', { imports })).toThrow(
      'the imports go in a circle: default.proto → a.proto → b.proto → a.proto',
    )
  })
})

it('a topology reads, keeps messages in a store, and writes', async () => {
  const order = protobuf(OrderSchema, { registry: client() })
  const builder = new StreamsBuilder()
  builder
    .stream('orders', { key: string(), value: order })
    .groupBy(value => value.customer!.name, { key: string() })
    .reduce((sum, next) => ({ ...next, id: sum.id + next.id }), { store: { name: 'last', caching: false } })
    .toStream()
    .to('sums', { key: string(), value: order })
  await using driver = await TopologyTestDriver.create(builder.build(), {
    onBadRecord: { deadLetterTopic: 'bad' },
    applicationId: 'app',
  })
  const orders = driver.createInputTopic('orders', { key: string(), value: order })
  await orders.pipeInput('k', ADA)
  await driver.createInputTopic('orders', { key: string(), value: bytes() }).pipeInput('k', Buffer.from('poison'))
  await orders.pipeInput('k', ADA)
  const sums = driver.createOutputTopic('sums', { key: string(), value: order }).readKeyValuesToList()
  expect(sums.map(([key, value]) => [key, value?.id])).toEqual([
    ['Ada', 7n],
    ['Ada', 14n],
  ])
  expect(driver.createOutputTopic('bad', { key: string(), value: bytes() }).readValue()).toEqual(Buffer.from('poison'))
})
