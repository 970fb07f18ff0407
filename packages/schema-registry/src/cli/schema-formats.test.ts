import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadProto } from '../protobuf/load-proto.ts'
import { jsonSchemaTypes } from './json-schema-types.ts'
import { compile, useSchemaCommand } from './schema-command.fixture.ts'

/* The commands with JSON Schema and Protobuf. */

const cli = useSchemaCommand()
const { run, register, level, file } = cli
const JSON_TYPE = { schemaType: 'JSON' }
const PROTO = { schemaType: 'PROTOBUF' }
const written = (name: string) => readFileSync(join(cli.directory, name), 'utf8')

const CUSTOMER = {
  title: 'Customer',
  type: 'object',
  properties: { name: { type: 'string', description: 'In full.' }, friends: { type: 'array', items: { $ref: '#' } } },
  required: ['name'],
}
const ORDER = {
  title: 'Order',
  description: 'An order of a customer.',
  type: 'object',
  properties: {
    id: { type: 'integer' },
    status: { enum: ['new', "it's paid"] },
    customer: { $ref: 'customer.json' },
    lines: { type: 'array', items: { $ref: '#/definitions/line' } },
    note: { type: ['string', 'null'] },
    'ship to': { type: 'object', properties: { city: { type: 'string' } } },
    stock: { type: 'object', additionalProperties: { type: 'number' } },
  },
  required: ['id', 'customer', 'lines'],
  definitions: { line: { type: 'object', properties: { sku: { type: 'string' } }, required: ['sku'] } },
}

async function registerOrder(): Promise<void> {
  await register('customer', CUSTOMER, JSON_TYPE)
  const references = [{ name: 'customer.json', subject: 'customer', version: 1 }]
  await register('orders-value', ORDER, { ...JSON_TYPE, references })
}

const CUSTOMER_PROTO = 'syntax = "proto3"; package shop; message Customer { string name = 1; }'
const orderProto = (fields: string) =>
  `syntax = "proto3"; package shop; import "shop/customer.proto"; message Order { Customer customer = 1; ${fields} }`

async function registerProto(): Promise<void> {
  await register('customers', CUSTOMER_PROTO, PROTO)
  const references = [{ name: 'shop/customer.proto', subject: 'customers', version: 1 }]
  await register('orders-value', orderProto('int64 id = 2;'), { ...PROTO, references })
}

describe('JSON Schema', () => {
  it('generate writes types that compile, for the values of jsonSchema()', async () => {
    await registerOrder()
    await run('pull', '--dir', cli.directory)
    const outcome = await run('generate', '--dir', cli.directory)
    expect(outcome).toEqual({
      status: 0,
      text: `customer → ${cli.directory}/customer.ts\norders-value → ${cli.directory}/orders-value.ts`,
    })
    const code = written('orders-value.ts')
    expect(code).toContain(`/** An order of a customer. */
export interface Order {
  id: number
  status?: 'new' | 'it\\'s paid'
  customer: Customer
  lines: Line[]
  note?: string | null
  'ship to'?: {
    city?: string
  }
  stock?: { [name: string]: number }
}

export interface Customer {
  /** In full. */
  name: string
  friends?: Customer[]
}

export interface Line {
  sku: string
}
`)
    expect(compile({ 'orders-value.ts': code, 'customer.ts': written('customer.ts'), 'program.ts': PROGRAM })).toBe('')
  })

  it('generate takes some subjects only, and names one that is not there', async () => {
    await registerOrder()
    await run('pull', '--dir', cli.directory)
    await run('generate', '--dir', cli.directory, '--subject', 'customer')
    expect(existsSync(join(cli.directory, 'customer.ts'))).toBe(true)
    expect(existsSync(join(cli.directory, 'orders-value.ts'))).toBe(false)
    const { status, text } = await run('generate', '--dir', cli.directory, '--subject', 'other')
    expect({ status, text }).toEqual({ status: 2, text: expect.stringContaining('other is not among the files') })
  })

  it('generate names a reference that leads nowhere', async () => {
    await register('a', { properties: { x: { type: 'string' } } }, JSON_TYPE)
    await run('pull', '--dir', cli.directory)
    file('a.schema.json', { properties: { x: { $ref: '#/$defs/none' } } })
    expect(await run('generate', '--dir', cli.directory)).toEqual({
      status: 2,
      text: expect.stringContaining('a: $ref "#/$defs/none" cannot be resolved'),
    })
  })

  it.each<[string, unknown, string]>([
    ['anything', true, 'type Value = unknown'],
    ['nothing', false, 'type Value = never'],
    ['a constant', { const: { a: [1, null] } }, 'type Value = { a: [1, null] }'],
    ['a choice', { oneOf: [{ type: 'string' }, { type: 'array', items: { enum: [1, 2] } }] }, 'string | (1 | 2)[]'],
    ['all of several', { allOf: [{ $ref: '#/$defs/a' }, { $ref: '#/$defs/b' }] }, 'type Value = A & B'],
    [
      'what stands beside a choice',
      { type: 'object', properties: { a: {} }, anyOf: [{ $ref: '#/$defs/a' }, { $ref: '#/$defs/b' }] },
      '{\n  a?: unknown\n} & (A | B)',
    ],
    ['a reference alone', { $ref: '#/$defs/a' }, 'export interface A {'],
    [
      'a recursive map',
      { type: 'object', additionalProperties: { $ref: '#' } },
      'type Value = { [name: string]: Value }',
    ],
    ['required without a description', { type: 'object', required: ['x'] }, '  x: unknown'],
    ['a closed object', { type: 'object', additionalProperties: false }, '{ [name: string]: never }'],
    [
      'a tuple',
      { type: 'array', items: [{ type: 'string' }, { type: ['null', 'number'] }], minItems: 1, additionalItems: false },
      '[string, (null | number)?]',
    ],
    [
      'an open tuple of 2020-12',
      { $schema: 'https://json-schema.org/draft/2020-12/schema', prefixItems: [{ type: 'string' }], type: 'array' },
      '[string?, ...unknown[]]',
    ],
    ['a union with anything', { anyOf: [{ type: 'string' }, { not: {} }] }, 'type Value = unknown'],
    ['text with quotes and line breaks', { const: 'a\'"\\\n' }, String.raw`'a\'"\\\n'`],
    ['a title of words', { title: '2 orders of a day', type: 'null' }, 'type _2OrdersOfADay = null'],
  ])('the type of %s', (_what, schema, expected) => {
    const defs = { a: { type: 'object', properties: { a: {} } }, b: { type: 'object', properties: { b: {} } } }
    const whole = typeof schema === 'boolean' ? schema : { $defs: defs, ...(schema as object) }
    expect(jsonSchemaTypes(JSON.stringify(whole), []).text).toContain(expected)
  })

  it('two schemas of one name have two types', () => {
    const named = (type: string) => ({ title: 'Same', type: 'object', properties: { x: { type } } })
    const schema = {
      properties: { a: { $ref: '#/$defs/a' }, b: { $ref: '#/$defs/b' } },
      $defs: { a: named('string'), b: named('number') },
    }
    const { text } = jsonSchemaTypes(JSON.stringify(schema), [])
    expect(text).toContain('a?: Same\n  b?: Same2')
  })

  it('check names the field', async () => {
    await registerOrder()
    await level('orders-value', 'FORWARD')
    await run('pull', '--dir', cli.directory)
    const path = file('orders-value.schema.json', {
      ...ORDER,
      properties: { ...ORDER.properties, id: { type: 'string' } },
    })
    const outcome = await run('check', path, '--dir', cli.directory)
    expect(outcome).toEqual({
      status: 1,
      text: `REFUSED ${path}: not forward compatible under orders-value
  version 1: the old schema cannot read new data: The old schema and the new schema differ at '#/properties/id'`,
    })
    const { text } = await run('check', path, '--dir', cli.directory, '--json')
    expect(JSON.parse(text)).toMatchObject([{ findings: [{ field: '#/properties/id', reader: 'old' }] }])
  })

  it.each<[object, boolean]>([
    [{ ...ORDER, properties: { ...ORDER.properties, id: { type: 'number' } } }, true],
    [{ ...ORDER, required: [...ORDER.required, 'note'] }, false],
    [{ ...ORDER, properties: { ...ORDER.properties, extra: { type: 'string' } } }, false],
  ])('check of %# decides as the registry', async (schema, compatible) => {
    await registerOrder()
    await run('pull', '--dir', cli.directory)
    const path = file('orders-value.schema.json', schema)
    expect((await run('check', path, '--dir', cli.directory)).status).toBe(compatible ? 0 : 1)
    const references = [{ name: 'customer.json', subject: 'customer', version: 1 }]
    const registered = register('orders-value', schema, { ...JSON_TYPE, references })
    const status = await registered.then(
      () => 200,
      (error: Error) => (error.message.includes('409') ? 409 : error.message),
    )
    expect(status).toBe(compatible ? 200 : 409)
  })
})

describe('Protobuf', () => {
  it('pull writes an imported file to the path of its import', async () => {
    await registerProto()
    await run('pull', '--dir', cli.directory, '--subject', 'customers')
    expect(existsSync(join(cli.directory, 'customers.proto'))).toBe(true)
    await run('pull', '--dir', cli.directory)
    const imports = new Map([['shop/customer.proto', written('shop/customer.proto')]])
    expect(loadProto(written('orders-value.proto'), imports).file.types.map(({ name }) => name)).toEqual(['Order'])
    // In two places, buf would find the message twice.
    expect(existsSync(join(cli.directory, 'customers.proto'))).toBe(false)
    await run('pull', '--dir', cli.directory, '--subject', 'customers')
    expect(existsSync(join(cli.directory, 'customers.proto'))).toBe(false)
  })

  it.each(['../../outside.proto', '/etc/outside.proto', 'a/../../outside.proto', '.git/x.proto'])(
    'pull writes nothing to %s',
    async name => {
      await register('customers', CUSTOMER_PROTO, PROTO)
      const references = [{ name, subject: 'customers', version: 1 }]
      const text = orderProto('').replace('shop/customer.proto', name)
      await register('orders-value', text, { ...PROTO, references })
      const { text: printed } = await run('pull', '--dir', cli.directory)
      expect(printed).toContain(`customers version 1 → ${cli.directory}/customers.proto`)
    },
  )

  it('generate names the generator of the messages', async () => {
    await registerProto()
    await register('numbers', '"int"')
    await run('pull', '--dir', cli.directory)
    const { status, text } = await run('generate', '--dir', cli.directory)
    expect(status).toBe(1)
    expect(text).toContain(`numbers → ${cli.directory}/numbers.ts`)
    expect(text).toContain('orders-value: types of Protobuf messages are made by protoc-gen-es.')
    expect(text).toContain(`npx buf generate ${cli.directory} --template`)
  })

  it('check finds the references of a file in a folder, and names the field', async () => {
    await registerProto()
    await run('pull', '--dir', cli.directory)
    const order = file('orders-value.proto', orderProto('string id = 2;'))
    const customer = file('shop/customer.proto', CUSTOMER_PROTO.replace('string name', 'int32 name'))
    const { status, text } = await run('check', order, customer, '--dir', cli.directory, '--json')
    expect(status).toBe(1)
    expect(JSON.parse(text)).toMatchObject([
      { subject: 'orders-value', findings: [{ field: '#/Order/2', version: 1 }] },
      { subject: 'customers', findings: [{ field: '#/Customer/1' }] },
    ])
    file('orders-value.proto', orderProto('int64 id = 2; string note = 3;'))
    expect(await run('check', order, '--dir', cli.directory)).toEqual({
      status: 0,
      text: expect.stringContaining('backward compatible with version 1'),
    })
  })
})

it.each([
  ['a.avsc', 'b.proto', 'one is of the type PROTOBUF, the other of AVRO'],
  ['a.schema.json', 'b.avsc', 'one is of the type AVRO, the other of JSON'],
])('check compares %s with %s, and says that they are of two types', async (old, name, problem) => {
  const texts: Readonly<Record<string, string>> = { avsc: '"int"', proto: CUSTOMER_PROTO, json: '{"type":"integer"}' }
  const [before, after] = [old, name].map(one => file(one, texts[one.split('.').at(-1)!]))
  expect(await run('check', after!, '--against', before!, '--level', 'backward')).toEqual({
    status: 1,
    text: expect.stringContaining(problem),
  })
})

it('generated Avro types have the references of their schema', async () => {
  const order = { type: 'record', name: 'Order', namespace: 'shop', fields: [{ name: 'id', type: 'long' }] }
  await register('shop', order)
  const references = [{ name: 'shop.Order', subject: 'shop', version: 1 }]
  const basket = { type: 'record', name: 'Basket', fields: [{ name: 'order', type: 'shop.Order' }] }
  await register('basket', basket, { references })
  await run('pull', '--dir', cli.directory)
  await run('generate', '--dir', cli.directory)
  expect(compile({ 'basket.ts': written('basket.ts'), 'program.ts': AVRO_PROGRAM })).toBe('')
  expect(written('basket.ts')).toContain("Options = { references: [{ name: 'shop.Order', subject: 'shop', schema: ")
})

const PROGRAM = `
import { schemaRegistry } from '@millrace/schema-registry'
import { jsonSchema } from '@millrace/schema-registry/json-schema'
import { type Order, orderOptions, orderSchema } from './orders-value.ts'
import { type Customer, customerSchema } from './customer.ts'

const registry = schemaRegistry({ url: 'http://localhost' })
const ada: Customer = { name: 'Ada', friends: [{ name: 'Bob' }] }
export const order: Order = { id: 1, status: "it's paid", customer: ada, lines: [{ sku: 'a' }], 'ship to': {}, stock: { a: 1 } }
export const orders = jsonSchema<Order>(orderSchema, { registry, ...orderOptions })
export const customers = jsonSchema<Customer>(customerSchema, { registry })
// @ts-expect-error -- the customer is required
export const wrong: Order = { id: 1, lines: [] }
`

const AVRO_PROGRAM = `
import { avro, schemaRegistry } from '@millrace/schema-registry'
import { type Basket, basketOptions, basketSchema } from './basket.ts'

export const basket: Basket = { order: { id: 1 } }
export const baskets = avro<Basket>(basketSchema, { registry: schemaRegistry({ url: 'http://localhost' }), ...basketOptions })
`
