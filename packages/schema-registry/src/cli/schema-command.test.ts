import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { schemaCommand } from './schema-command.ts'
import { compile, useSchemaCommand } from './schema-command.fixture.ts'

const cli = useSchemaCommand()
const { run, register, level, file } = cli

const order = (...fields: readonly object[]) => ({ type: 'record', name: 'Order', namespace: 'shop', fields })
const ID = { name: 'id', type: 'long' }
const NOTE = { name: 'note', type: ['null', 'string'], default: null, doc: 'From the customer.' }
const TOTAL = { name: 'total', type: 'double' }
const LINES = (price: string) => ({
  name: 'lines',
  type: { type: 'array', items: { type: 'record', name: 'Line', fields: [{ name: 'price', type: price }] } },
})

describe('command lines', () => {
  it.each([
    [[], 2, 'millrace schema COMMAND'],
    [['--help'], 0, 'millrace schema COMMAND'],
    [['pull', '--help'], 0, 'millrace schema COMMAND'],
    [['push'], 2, 'Unknown command "schema push"'],
    [['pull', 'x'], 2, 'schema pull takes no "x"'],
    [['pull', '--level', 'full'], 2, 'schema pull has no option --level'],
    [['pull', '--nope'], 2, "Unknown option '--nope'"],
    [['pull', '--version', '0'], 2, '--version 0 is not a number from 1'],
    [['pull', '--version', '1'], 2, '--version needs one --subject'],
    [['pull', '--user', 'ada'], 2, '--user is not of the form NAME:PASSWORD'],
    [['generate', '--longs', 'text'], 2, '--longs text is neither'],
    [['generate', '--logical-types', 'asMoment'], 2, '--logical-types asMoment is none of asDate'],
    [['generate', '--dir', '/nowhere/at/all'], 2, 'millrace schema pull writes it'],
    [['check'], 2, 'needs at least one FILE'],
    [['check', 'missing.avsc'], 2, 'missing.avsc cannot be read'],
    [['check', 'a', 'b', '--subject', 's'], 2, '--subject needs one FILE'],
    [['check', 'a', '--level', 'sideways'], 2, '--level sideways is none of backward, forward, full'],
    [['check', 'a', '--transitive'], 2, '--transitive needs --level'],
    [['check', 'a', '--against', 'b'], 2, '--against needs --level'],
    [['registry', '--port', '99999'], 2, '--port 99999 is not a port'],
    [['registry', '--topic', 't'], 2, '--topic needs --bootstrap-server'],
  ])('%j ends with %i and says %j', async (args, status, text) => {
    expect(await run(...args)).toEqual({ status, text: expect.stringContaining(text) as unknown })
  })

  it.each(
    ['pull', 'check'].flatMap(command =>
      ['registry', '', 'localhost:8081', 'ftp://registry', 'http://registry?tenant=1'].map(url => ({ command, url })),
    ),
  )('$command refuses the address "$url"', async ({ command, url }) => {
    const path = file('orders-value.avsc', order(ID))
    const args = command === 'check' ? [command, path] : [command, '--dir', cli.directory]
    expect(await run(...args, '--registry', url)).toEqual({
      status: 1,
      text: expect.stringMatching(/MILLRACE_CONFIG_INVALID: The option url is .*such as http:/) as unknown,
    })
  })

  it.each(['pull', 'check'])('%s says that the registry is away', async command => {
    const path = file('orders-value.avsc', order(ID))
    const args = command === 'check' ? [command, path] : [command, '--dir', cli.directory]
    const outcome = await run(...args, '--registry', 'http://127.0.0.1:1')
    expect(outcome).toEqual({
      status: 1,
      text: expect.stringMatching(
        /MILLRACE_REGISTRY_UNAVAILABLE: .*127\.0\.0\.1:1.*\nCheck that the registry is running/,
      ) as unknown,
    })
  })

  // A subject without versions is compatible with everything: a wrong address must not pass in CI.
  it.each(
    ['pull', 'check'].flatMap(command => [
      { command, status: 404, body: '{"error_code":404,"message":"HTTP 404 Not Found"}' },
      { command, status: 200, body: '{"status":"UP"}' },
    ]),
  )('$command does not take a server that answers $status $body for a registry', async ({ command, status, body }) => {
    const server = createServer((_, response) => void response.writeHead(status).end(body))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const path = file('orders-value.avsc', order(ID))
    const args = command === 'check' ? [command, path] : [command, '--dir', cli.directory]
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const outcome = await run(...args, '--registry', url)
    server.closeAllConnections()
    server.close()
    expect(outcome).toEqual({ status: 1, text: expect.stringContaining('MILLRACE_REGISTRY_UNAVAILABLE') as unknown })
  })
})

describe('pull', () => {
  it('writes the latest versions, what they refer to, and what is known of them', async () => {
    await register('orders-value', order(ID))
    await register('orders-value', order(ID, NOTE))
    await register(':.staging:odd/name', '"string"')
    await register(
      'basket',
      { type: 'array', items: 'shop.Order' },
      { references: [{ name: 'shop.Order', subject: 'orders-value', version: 2 }] },
    )
    const { status, text } = await run('pull', '--dir', cli.directory)
    expect(text).toContain('orders-value version 2 →')
    expect(status).toBe(0)
    expect(JSON.parse(readFileSync(join(cli.directory, 'orders-value.avsc'), 'utf8'))).toEqual(order(ID, NOTE))
    const index = JSON.parse(readFileSync(join(cli.directory, 'schemas.json'), 'utf8')) as { subject: string }[]
    expect(index.map(({ subject }) => subject)).toEqual([':.staging:odd/name', 'basket', 'orders-value'])
  })

  it('takes one version of one subject, and keeps the others', async () => {
    await register('a', order(ID))
    await register('a', order(ID, NOTE))
    await register('b', '"int"')
    await run('pull', '--dir', cli.directory)
    const { text } = await run('pull', '--dir', cli.directory, '--subject', 'a', '--version', '1', '--json')
    expect(JSON.parse(text)).toMatchObject({ files: [{ subject: 'a', version: 1, file: 'a.avsc' }], missing: [] })
    expect(JSON.parse(readFileSync(join(cli.directory, 'schemas.json'), 'utf8'))).toHaveLength(2)
  })

  it('a subject that does not exist is named', async () => {
    expect(await run('pull', '--dir', cli.directory, '--subject', 'none')).toEqual({
      status: 1,
      text: 'none does not exist',
    })
  })
})

describe('check', () => {
  it.each<[string, string, object, readonly string[], number, string]>([
    ['a field with a default', 'BACKWARD', order(ID, NOTE), [], 0, 'backward compatible with version 1'],
    [
      'a field without a default',
      'BACKWARD',
      order(ID, TOTAL),
      [],
      1,
      'version 1: the new schema cannot read old data: total: it is missing in the data and has no default',
    ],
    ['the same, forward', 'FORWARD', order(ID, TOTAL), [], 0, 'forward compatible with version 1'],
    [
      'a removed field, forward',
      'FORWARD',
      order(NOTE),
      [],
      1,
      'the old schema cannot read new data: id: it is missing',
    ],
    ['a removed field, both ways', 'FULL', order(NOTE), [], 1, 'not full compatible under orders-value'],
    [
      'a type inside a list',
      'BACKWARD',
      order(ID, LINES('string')),
      ['lines'],
      1,
      'lines[].price: its type has changed',
    ],
    ['anything, where nothing is checked', 'NONE', order(TOTAL), [], 0, 'the registry checks nothing'],
  ])('%s', async (_what, compatibility, schema, before, status, text) => {
    await register('orders-value', before.length === 0 ? order(ID) : order(ID, LINES('double')))
    await level('orders-value', compatibility)
    const path = file('orders-value.avsc', schema)
    expect(await run('check', path, '--dir', cli.directory)).toEqual({
      status,
      text: expect.stringContaining(text) as unknown,
    })
  })

  it.each(['a', 'type', 'schema'])('names the field "%s", although the sentence has this word', async name => {
    await register('s', order({ name, type: 'int' }))
    const path = file('s.avsc', order({ name, type: 'string' }))
    const { status, text } = await run('check', path)
    expect(status).toBe(1)
    expect(text).toContain(`the new schema cannot read old data: ${name}: its type has changed`)
  })

  it('agrees with the registry about all versions or the latest', async () => {
    await level('s', 'NONE')
    for (const fields of [[TOTAL], [{ ...TOTAL, default: 0 }, ID], [ID]]) await register('s', order(...fields))
    const path = file('s.avsc', order(ID))
    const args = ['check', path, '--level', 'backward']
    expect((await run(...args)).status).toBe(0)
    const { status, text } = await run(...args, '--transitive')
    expect(status).toBe(1)
    expect(text).toContain('version 1: the new schema cannot read old data: id: it is missing')
    expect(text).not.toContain('version 2')
    for (const [compatibility, refused] of [
      ['BACKWARD', false],
      ['BACKWARD_TRANSITIVE', true],
    ] as const) {
      await level('s', compatibility)
      expect((await run('check', path)).status === 1).toBe(refused)
    }
  })

  it('the first version of a subject is compatible', async () => {
    const { status, text } = await run('check', file('new-value.avsc', order(ID)))
    expect({ status, text }).toEqual({
      status: 0,
      text: expect.stringContaining('new-value has no versions yet') as unknown,
    })
  })

  it('compares two files without a registry', async () => {
    const [before, after] = [file('old.avsc', order(ID)), file('new.avsc', order(ID, TOTAL))]
    const args = ['check', after, '--against', before, '--level', 'full', '--registry', 'http://127.0.0.1:1']
    const { status, text } = await run(...args, '--json')
    expect(status).toBe(1)
    expect(JSON.parse(text)).toMatchObject([
      { compatible: false, findings: [{ reader: 'new', field: 'total', version: before }] },
    ])
  })

  it('uses what pull has noted: the subject and the references', async () => {
    await register('shop', order(ID))
    await register(
      'basket:v1',
      { type: 'record', name: 'Basket', fields: [{ name: 'order', type: 'shop.Order' }] },
      {
        references: [{ name: 'shop.Order', subject: 'shop', version: 1 }],
      },
    )
    await run('pull', '--dir', cli.directory)
    const name = `${encodeURIComponent('basket:v1')}.avsc`
    const changed = { type: 'record', name: 'Basket', fields: [{ name: 'order', type: 'shop.Order' }, TOTAL] }
    const { status, text } = await run('check', file(name, changed), '--dir', cli.directory)
    expect({ status, text }).toEqual({ status: 1, text: expect.stringContaining('under basket:v1') as unknown })
  })

  it('a file that is no schema is named', async () => {
    const outcome = await run('check', file('s.avsc', '{"type":"recrod"}'))
    expect(outcome).toEqual({ status: 2, text: expect.stringContaining('s.avsc is no schema') as unknown })
  })
})

describe('generate', () => {
  const rich = {
    type: 'record',
    name: 'Order',
    namespace: 'shop',
    doc: 'An order of a customer.',
    fields: [
      ID,
      NOTE,
      LINES('double'),
      { name: 'state', type: { type: 'enum', name: 'State', symbols: ['NEW', 'PAID'] } },
      { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
      { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 } },
      { name: 'tags', type: { type: 'map', values: ['null', 'int'] } },
      {
        name: 'either',
        type: ['null', 'Line', { type: 'record', name: 'Other', fields: [{ name: 'next', type: ['null', 'Order'] }] }],
      },
      { name: 'raw', type: 'bytes' },
    ],
  }

  it('writes types that compile, for the values that avro() gives', async () => {
    await register('orders-value', rich)
    await run('pull', '--dir', cli.directory)
    const { status, text } = await run(
      'generate',
      '--dir',
      cli.directory,
      '--logical-types',
      'asDate,asScaled',
      '--longs',
      'bigint',
    )
    expect({ status, text }).toEqual({ status: 0, text: `orders-value → ${cli.directory}/orders-value.ts` })
    const path = join(cli.directory, 'orders-value.ts')
    const code = readFileSync(path, 'utf8')
    expect(code).toContain(
      '/** An order of a customer. */\nexport interface Order {\n  id: bigint\n  /** From the customer. */\n  note: null | string\n',
    )
    for (const line of [
      'lines: Line[]',
      'state: State',
      'at: Date',
      'price: ScaledDecimal',
      'tags: Record<string, null | number>',
      "either: null | { 'shop.Line': Line } | { 'shop.Other': Other }",
      'raw: Buffer',
      "export type State = 'NEW' | 'PAID'",
      'next: null | Order',
      "export const orderOptions = { longs: 'bigint', logicalTypes: { ...asDate, ...asScaled } } as const",
    ])
      expect(code).toContain(line)
    expect(compile({ 'orders-value.ts': code, 'program.ts': PROGRAM })).toBe('')
  })

  it('a schema that is no record has a type, too, and two types of one short name have other names', async () => {
    await register('ints', { type: 'array', items: ['null', 'int'] })
    const named = (namespace: string) => ({ type: 'record', name: 'A', namespace, fields: [ID] })
    await register('both', {
      type: 'record',
      name: 'Both',
      fields: [
        { name: 'x', type: named('one') },
        { name: 'y', type: named('two') },
      ],
    })
    await run('pull', '--dir', cli.directory)
    await run('generate', '--dir', cli.directory)
    expect(readFileSync(join(cli.directory, 'ints.ts'), 'utf8')).toContain('export type Value = (null | number)[]')
    const both = readFileSync(join(cli.directory, 'both.ts'), 'utf8')
    expect(both).toContain('export interface OneA {')
    expect(both).toContain('y: TwoA')
  })

  it('a reference that is not there is named', async () => {
    await register('shop', order(ID))
    await register(
      'basket',
      { type: 'array', items: 'shop.Order' },
      { references: [{ name: 'shop.Order', subject: 'shop', version: 1 }] },
    )
    await run('pull', '--dir', cli.directory)
    const index = JSON.parse(readFileSync(join(cli.directory, 'schemas.json'), 'utf8')) as { subject: string }[]
    file(
      'schemas.json',
      index.filter(({ subject }) => subject === 'basket'),
    )
    const outcome = await run('generate', '--dir', cli.directory)
    expect(outcome).toEqual({
      status: 2,
      text: expect.stringContaining('basket refers to shop, which is not among the files') as unknown,
    })
  })
})

it('registry runs until it is told to end', async () => {
  const lines: string[] = []
  const stop = new AbortController()
  const print = (line: string) => void lines.push(line)
  const kafka = () => () => {
    throw new Error('no Kafka here')
  }
  const done = schemaCommand(['registry', '--port', '0'], { print, printError: print, kafka, signal: stop.signal })
  await expect.poll(() => lines[0]).toContain('keeps its schemas in memory')
  const url = /http:\S+/.exec(lines[0]!)![0]
  expect(await (await fetch(`${url}/subjects`)).json()).toEqual([])
  stop.abort()
  expect(await done).toBe(0)
})

const PROGRAM = `
import { avro, schemaRegistry } from '@millrace/schema-registry'
import { type Order, orderOptions, orderSchema } from './orders-value.ts'

const line = { price: 1 }
export const order: Order = {
  id: 1n, note: null, lines: [line], state: 'PAID', at: new Date(), price: { unscaled: 1n, scale: 2 },
  tags: { a: null }, either: { 'shop.Line': line }, raw: Buffer.of(1),
}
export const serde = avro<Order>(orderSchema, { registry: schemaRegistry({ url: 'http://localhost' }), ...orderOptions })
`
