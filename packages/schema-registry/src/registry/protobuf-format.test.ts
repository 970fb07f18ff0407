import { fromBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RunningRegistry, startRegistry } from '../start-registry.ts'

let registry: RunningRegistry
beforeEach(async () => void (registry = await startRegistry()))
afterEach(() => registry.close())

interface Answered {
  readonly error_code?: number
  readonly message?: string
  readonly schema: string
}

async function ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: Answered }> {
  const response = await fetch(
    registry.url + path,
    body === undefined ? { method } : { method, body: JSON.stringify(body) },
  )
  return { status: response.status, body: (await response.json()) as Answered }
}
const register = (subject: string, schema: string, more: object = {}, query = '') =>
  ask('POST', `/subjects/${subject}/versions${query}`, { schema, schemaType: 'PROTOBUF', ...more })
const stored = async (subject: string, query = ''): Promise<string> =>
  (await ask('GET', `/subjects/${subject}/versions/latest${query}`)).body.schema

const CUSTOMER = 'syntax = "proto3"; package shop; message Customer { string name = 1; }'
const ORDER = `syntax = "proto3";
// An order.
package shop;
import "customer.proto";
enum Status { NEW = 0; }
message Order {
  map<string, Customer> by_name = 3; int64 id = 1; Status status = 2;
  oneof payment { string card = 5 [deprecated = true, json_name = "c"]; }
  message Line {} repeated Line lines = 4;
}`
const REFERENCES = [{ name: 'customer.proto', subject: 'customer', version: 1 }]

it('lists its types', async () => {
  expect((await ask('GET', '/schemas/types')).body).toContain('PROTOBUF')
})

describe('the text', () => {
  it('is stored without comments, with messages before enums', async () => {
    await register('customer', CUSTOMER)
    expect((await register('order', ORDER, { references: REFERENCES })).body).toMatchObject({ id: 2, version: 1 })
    expect(await stored('order')).toBe(`syntax = "proto3";
package shop;

import "customer.proto";

message Order {
  map<string, Customer> by_name = 3;
  int64 id = 1;
  Status status = 2;
  repeated Line lines = 4;

  oneof payment {
    string card = 5 [
      deprecated = true,
      json_name = "c"
    ];
  }

  message Line {}
}
enum Status {
  NEW = 0;
}
`)
  })

  it('may be normalised: one order, absolute names', async () => {
    await register('customer', CUSTOMER)
    await register('order', ORDER, { references: REFERENCES }, '?normalize=true')
    const text = await stored('order')
    expect(text).toContain('map<string, .shop.Customer> by_name = 3;\n  repeated .shop.Order.Line lines = 4;')
    expect(text.indexOf('id = 1')).toBeLessThan(text.indexOf('status = 2'))
    const other = ORDER.replace('int64 id = 1; Status status = 2;', 'shop.Status status = 2; int64 id = 1;')
    expect((await register('order', other, { references: REFERENCES }, '?normalize=true')).body).toMatchObject({
      version: 1,
    })
    expect(
      (
        await ask('POST', '/subjects/order?normalize=true', {
          schema: text,
          schemaType: 'PROTOBUF',
          references: REFERENCES,
        })
      ).body,
    ).toMatchObject({ version: 1 })
  })

  it('may be sent and asked for as a descriptor', async () => {
    await register('customer', CUSTOMER)
    const base64 = await stored('customer', '?format=serialized')
    expect(fromBinary(FileDescriptorProtoSchema, Buffer.from(base64, 'base64'))).toMatchObject({
      package: 'shop',
      syntax: 'proto3',
    })
    await register('again', base64)
    expect(await stored('again')).toBe(await stored('customer'))
    expect(await (await fetch(`${registry.url}/schemas/ids/1/schema?format=serialized`)).text()).toBe(base64)
  })
})

describe('what is refused', () => {
  it.each([
    ['no proto', 'an order', '1:1: a message, enum'],
    ['base64 of something else', 'AAAA', 'neither the text of a .proto file nor the base64 of its descriptor'],
    ['an unknown type', 'message A { optional B b = 1; }', 'A: "B" is not defined'],
    ['a reference that is missing', ORDER, 'import "customer.proto": there is no such file'],
    [
      'a number twice',
      'message A { optional int32 x = 1; optional int32 y = 1; }',
      'A.y: the number 1 belongs to "x" already',
    ],
    [
      'an unknown option',
      'message A { optional int32 x = 1 [nonsense = true]; }',
      'option nonsense: Protobuf has no such option',
    ],
    ['too many levels', `${'message A {'.repeat(40)}${'}'.repeat(40)}`, 'nested more than 32 times'],
    ['too many brackets', `option (x) = ${'{a '.repeat(70)}${'}'.repeat(70)};`, 'nested more than 64 times'],
  ])('%s', async (_what, schema, reason) => {
    const { status, body } = await register('a', schema)
    expect({ status, code: body.error_code }).toEqual({ status: 422, code: 42201 })
    expect(body.message).toContain(reason)
  })

  it('an incompatible version, with the reasons', async () => {
    await register('a', 'syntax = "proto3"; message A { int32 x = 1; string y = 2; } message B {}')
    const next = { schema: 'syntax = "proto3"; message A { string x = 1; bytes y = 2; }', schemaType: 'PROTOBUF' }
    expect((await ask('POST', '/compatibility/subjects/a/versions/latest?verbose=true', next)).body).toEqual({
      is_compatible: false,
      messages: [
        '{errorType:"FIELD_SCALAR_KIND_CHANGED", description:"The type of the field \'#/A/1\' in the new schema has other bytes than that in the old schema"}',
        '{errorType:"MESSAGE_REMOVED", description:"The new schema does not have the message \'#/B\' of the old schema"}',
        '{oldSchemaVersion: 1}',
        expect.stringContaining('{oldSchema: '),
        "{validateFields: 'false', compatibility: 'BACKWARD'}",
      ],
    })
    expect((await register('a', next.schema)).status).toBe(409)
    expect((await ask('POST', '/subjects/a/versions', { schema: '"string"' })).body.message).toContain(
      'Incompatible because of different schema type',
    )
    await ask('PUT', '/config/a', { compatibility: 'FORWARD' })
    expect(
      (await register('a', 'syntax = "proto3"; message A { int32 x = 1; string y = 2; } message B {} message C {}'))
        .status,
    ).toBe(409)
  })
})
