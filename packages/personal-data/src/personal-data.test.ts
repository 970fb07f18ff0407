import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { type ClientFactory, json, readyAgain, type Serde, string, StreamsBuilder, systemClock } from '@millrace/core'
import { avro, schemaRegistry, startRegistry } from '@millrace/schema-registry'
import { TopologyTestDriver } from '@millrace/testing'
import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { forgetPerson } from './forget-person.ts'
import { type MasterKey, masterKey } from './master-key.ts'
import { FORGOTTEN, type PersonalData, personalData, type PersonalDataOptions } from './personal-data.ts'

interface Customer {
  readonly id: string
  readonly name: string
  readonly age?: number | null
  readonly address?: { readonly street: string; readonly city: string }
  readonly phones?: readonly { readonly number: string }[]
}

const MASTER = masterKey(randomBytes(32))
const ADA: Customer = {
  id: 'c-17',
  name: 'Ada',
  age: 36,
  address: { street: 'Main St', city: 'London' },
  phones: [{ number: '1' }, { number: '2' }],
}

let kafka: MemoryCluster
let client: ClientFactory
beforeEach(() => {
  kafka = new MemoryCluster({ clock: systemClock })
  client = memoryClient(kafka)
})

const open = (options: Partial<PersonalDataOptions> = {}) =>
  personalData({ client, masterKey: MASTER, refreshMs: 5, ...options })
const customers = (personal: PersonalData, options: object = {}): Serde<Customer> =>
  personal.serde(json<Customer>(), {
    subject: ({ id }) => id,
    fields: ['name', 'age', 'address.street', 'phones[].number'],
    ...options,
  })

/** What the runtime does with a serde that is not ready. */
async function retrying<T>(attempt: () => T): Promise<T> {
  for (;;) {
    try {
      return attempt()
    } catch (error) {
      const ready = readyAgain(error)
      if (ready === undefined) throw error
      await ready
    }
  }
}
const write = <T>(serde: Serde<T>, value: T) => retrying(() => serde.serialize(value, 't'))
const read = <T>(serde: Serde<T>, bytes: Uint8Array) => retrying(() => serde.deserialize(bytes, 't'))
const parsed = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString()) as Customer
const bytesOf = (value: object) => Buffer.from(JSON.stringify(value))

describe('encryption', () => {
  it('the fields are unreadable, and come back', async () => {
    await using personal = open()
    const serde = customers(personal)
    const bytes = await write(serde, ADA)
    for (const text of ['Ada', 'Main St', '"1"', ':36']) expect(Buffer.from(bytes).toString()).not.toContain(text)
    expect(parsed(bytes)).toMatchObject({ id: 'c-17', address: { city: 'London' } })
    expect(await read(serde, bytes)).toEqual(ADA)
    expect(await read(customers(open()), bytes)).toEqual(ADA)
  })

  it('equal values of a person have equal bytes, and those of two persons and of two fields have not', async () => {
    await using personal = open()
    const serde = customers(personal)
    const one = await write(serde, { id: 'a', name: '1', phones: [{ number: '1' }, { number: '1' }] })
    expect(await write(customers(open()), { id: 'a', name: '1', phones: [{ number: '1' }, { number: '1' }] })).toEqual(
      one,
    )
    const other = parsed(await write(serde, { id: 'b', name: '1' }))
    const { name, phones } = parsed(one)
    expect(new Set([name, phones![0]!.number, phones![1]!.number, other.name]).size).toBe(4)
  })

  it.each(['\ud800', 'a\udc00b', '😀', ''])('the text %j comes back as it was', async name => {
    await using personal = open()
    const serde = customers(personal)
    expect(await read(serde, await write(serde, { id: 'a', name }))).toEqual({ id: 'a', name })
  })

  it('missing and null fields stay so', async () => {
    await using personal = open()
    const serde = customers(personal)
    const value = { id: 'a', name: 'x', age: null }
    expect(await read(serde, await write(serde, value))).toEqual(value)
  })

  it.each<[string, object, string]>([
    [
      'a text where an object is needed',
      { address: 'Main St 1' },
      '"address" is not an object, so the field "address.street"',
    ],
    ['a list where an object is needed', { address: [{ street: 'Main St' }] }, '"address" is not an object'],
    ['an object where a list is needed', { phones: { number: '1' } }, '"phones" is not an array'],
    ['a text in a list of objects', { phones: [{ number: '1' }, '+49 30 1'] }, '"phones[1]" is not an object'],
  ])('%s is refused, since it would be written as it is', async (_what, given, reason) => {
    await using personal = open()
    const serde = customers(personal)
    await expect(write(serde, { ...ADA, ...given })).rejects.toThrow(reason)
  })

  it('a value without fields is refused', async () => {
    await using personal = open()
    await expect(write(customers(personal), 'Ada' as never)).rejects.toThrow('the value is not an object')
  })

  it('what JSON cannot write is refused with its field', async () => {
    await using personal = open()
    await expect(write(customers(personal), { ...ADA, age: new Map() as never })).rejects.toThrow(
      /MILLRACE_SERDE_ENCODE.*the field "age":.*Map/,
    )
  })

  it('a person who is named by an encrypted field could not be found again', async () => {
    await using personal = open()
    const serde = customers(personal, { fields: ['id', 'name'] })
    await expect(write(serde, ADA)).rejects.toThrow('subject() reads a field that is encrypted')
  })

  it('bytes are encrypted as bytes', async () => {
    await using personal = open()
    const raw: Serde<{ id: string; photo: Buffer }> = {
      name: 'raw',
      serialize: ({ id, photo }) => Buffer.from(`${id}|${photo.toString('latin1')}`, 'latin1'),
      deserialize(bytes) {
        const [id, photo] = Buffer.from(bytes).toString('latin1').split('|')
        return { id: id!, photo: Buffer.from(photo!, 'latin1') }
      },
    }
    const serde = personal.serde(raw, { subject: ({ id }) => id, fields: ['photo'] })
    const bytes = await write(serde, { id: 'a', photo: Buffer.from('secret') })
    expect(Buffer.from(bytes).toString()).not.toContain('secret')
    expect(await read(serde, bytes)).toEqual({ id: 'a', photo: Buffer.from('secret') })
  })

  it.each(['', 'a..b', 'a.', '[', 'a[0]'])('"%s" is no field', field => {
    const personal = open()
    expect(() => personal.serde(json(), { subject: () => 'a', fields: [field] })).toThrow('it must be a field')
  })

  it.each([
    ['a value without a person', { id: '', name: 'x' }, 'subject() gives no text'],
    ['a field that JSON cannot write', { id: 'a', name: 1n }, 'bigint'],
  ])('%s is refused', async (_what, value, reason) => {
    await using personal = open()
    const refused = { code: 'MILLRACE_SERDE_ENCODE', message: expect.stringContaining(reason) }
    await expect(write(customers(personal), value as never)).rejects.toMatchObject(refused)
  })
})

/** Not the last letter, of which not all bits need be part of a byte. */
function lastByteChanged(text: string): string {
  const bytes = Buffer.from(text, 'base64url')
  bytes[bytes.length - 1]! ^= 1
  return bytes.toString('base64url')
}

describe('a ciphertext that was moved or changed is refused', () => {
  const moved = 'was encrypted for another field or person, or was changed'
  it.each<[string, (ada: Customer, bob: Customer) => object, string]>([
    ['to another field', ada => ({ ...ada, address: { street: ada.name } }), `"address.street" ${moved}`],
    [
      'to another element',
      ada => ({ ...ada, phones: [ada.phones![1], ada.phones![0]] }),
      `"phones[0].number" ${moved}`,
    ],
    ['to another person', (ada, bob) => ({ ...bob, name: ada.name }), `"name" ${moved}`],
    ['with the person', ada => ({ ...ada, id: 'c-18' }), `"name" ${moved}`],
    ['in its last byte', ada => ({ ...ada, name: ada.name.replace(/[\w-]+$/, lastByteChanged) }), moved],
    ['cut off', ada => ({ ...ada, name: ada.name.slice(0, -8) }), moved],
    ['to nearly nothing', ada => ({ ...ada, name: ada.name.replace(/\.[\w-]+$/, '.AAAA') }), moved],
    ['for a plain one', ada => ({ ...ada, name: 'Ada' }), 'the field "name" is not encrypted'],
    ['to a key that is not there', ada => ({ ...ada, name: ada.name.replace(/\.[\w-]+\./, '.abc.') }), 'the key abc'],
  ])('%s', async (_what, change, reason) => {
    await using personal = open()
    const serde = customers(personal)
    const [ada, bob] = [parsed(await write(serde, ADA)), parsed(await write(serde, { id: 'c-18', name: 'Bob' }))]
    const refused = { code: 'MILLRACE_SERDE_DECODE', message: expect.stringContaining(reason) }
    await expect(read(serde, bytesOf(change(ada, bob)))).rejects.toMatchObject(refused)
  })

  it('plain fields are read where that is allowed', async () => {
    await using personal = open()
    expect(await read(customers(personal, { acceptPlain: true }), bytesOf(ADA))).toEqual(ADA)
  })
})

describe('the master key', () => {
  it('a wrong one ends at the start, and names the topic', async () => {
    await using personal = open()
    await write(customers(personal), ADA)
    const wrong = { code: 'MILLRACE_PERSONAL_KEYS', kind: 'config', message: expect.stringContaining('personal-keys') }
    const other = customers(open({ masterKey: masterKey(randomBytes(32)) }))
    await expect(other.prepare!('t', 'read')).rejects.toMatchObject(wrong)
    await expect(
      customers(open({ masterKey: masterKey(randomBytes(32), 'new') })).prepare!('t', 'read'),
    ).rejects.toMatchObject({
      ...wrong,
      message: expect.stringContaining('the master key "master", which is not given'),
    })
  })

  it('is replaced: the old one still unwraps', async () => {
    await using personal = open()
    const bytes = await write(customers(personal), ADA)
    const renewed = customers(open({ masterKey: [masterKey(randomBytes(32), 'new'), MASTER] }))
    expect(await read(renewed, bytes)).toEqual(ADA)
    await write(renewed, { id: 'new', name: 'x' })
    await expect(customers(open()).prepare!('t', 'read')).rejects.toMatchObject({ code: 'MILLRACE_PERSONAL_KEYS' })
  })

  it('may be asked for elsewhere', async () => {
    let asked = 0
    const service: MasterKey = {
      id: 'master',
      wrap: async (key, context) => MASTER.wrap(key, context),
      unwrap: async (wrapped, context) => {
        asked += 1
        await systemClock.sleep(1)
        return MASTER.unwrap(wrapped, context)
      },
    }
    await using personal = open({ masterKey: service })
    const serde = customers(personal)
    expect(await read(serde, await write(serde, ADA))).toEqual(ADA)
    expect(asked).toBe(1)
  })

  it('a wrapped key that is moved to another person does not unwrap', async () => {
    const wrapped = await MASTER.wrap(randomBytes(32), { keyId: 'k', subject: 'a' })
    expect(() => MASTER.unwrap(wrapped, { keyId: 'k', subject: 'b' })).toThrow('authenticate')
    expect(() => MASTER.unwrap(wrapped, { keyId: 'l', subject: 'a' })).toThrow('authenticate')
  })

  it('has 32 bytes', () => {
    expect(() => masterKey('c2hvcnQ=')).toThrow(
      'MILLRACE_CONFIG_INVALID: The option key of masterKey() is something else, but it must be 32 bytes',
    )
  })
})

describe('forgetting', () => {
  const GONE = {
    id: 'c-17',
    name: FORGOTTEN,
    age: FORGOTTEN,
    address: { street: FORGOTTEN, city: 'London' },
    phones: [{ number: FORGOTTEN }, { number: FORGOTTEN }],
  }

  it('what was written before cannot be read, by nobody, and others can', async () => {
    await using personal = open()
    await using elsewhere = open()
    const [here, there] = [customers(personal), customers(elsewhere)]
    const [ada, bob] = [await write(here, ADA), await write(here, { id: 'bob', name: 'Bob' })]
    expect(await read(there, ada)).toEqual(ADA)
    expect(await personal.forget('c-17')).toBe(1)
    expect(await read(here, ada)).toEqual(GONE)
    // The other process has the key in memory until it has read the topic.
    await expect.poll(() => there.deserialize(ada, 't')).toEqual(GONE)
    expect(await read(customers(open()), ada)).toEqual(GONE)
    expect(await read(here, bob)).toEqual({ id: 'bob', name: 'Bob' })
    expect(await personal.forget('c-17')).toBe(0)
  })

  it('after compaction the key is gone from the log, and the person with it', async () => {
    await using personal = open()
    const ada = await write(customers(personal), ADA)
    await personal.forget('c-17')
    kafka.compact('personal-keys')
    const log = kafka.log({ topic: 'personal-keys', partition: 0 })
    const text = Buffer.concat(log.batches().map(batch => batch.bytes)).toString('latin1')
    expect(text).not.toContain('c-17')
    expect(text).not.toContain('wrapped')
    expect(await read(customers(open()), ada)).toEqual(GONE)
  })

  it('a forgotten value that is written again has the same bytes, and makes no key', async () => {
    await using personal = open()
    const serde = customers(personal)
    const ada = await write(serde, ADA)
    await personal.forget('c-17')
    const gone = await read(serde, ada)
    expect(await write(serde, gone)).toEqual(ada)
    expect(await read(serde, await write(serde, { ...gone }))).toEqual(GONE)
    expect(await personal.forget('c-17')).toBe(0)
  })

  it('new data of the person get a new key', async () => {
    await using personal = open()
    const serde = customers(personal)
    const before = await write(serde, ADA)
    await personal.forget('c-17')
    const after = await write(serde, ADA)
    expect(await read(serde, after)).toEqual(ADA)
    expect(await read(serde, before)).toEqual(GONE)
  })

  it('two processes that make a key at once lose nothing', async () => {
    await using first = open()
    await using second = open()
    const [one, two] = await Promise.all([write(customers(first), ADA), write(customers(second), ADA)])
    for (const personal of [first, second])
      for (const bytes of [one, two]) expect(await read(customers(personal), bytes)).toEqual(ADA)
    await forgetPerson({ client, subject: 'c-17' })
    await using third = open()
    for (const bytes of [one, two]) expect(await read(customers(third), bytes)).toEqual(GONE)
  })

  it('the command needs no master key, can be tried, and names a topic that is not there', async () => {
    await using personal = open()
    const ada = await write(customers(personal), ADA)
    expect(await forgetPerson({ client, subject: 'c-17', dryRun: true })).toEqual({ keys: 1 })
    expect(await read(customers(open()), ada)).toEqual(ADA)
    expect(await forgetPerson({ client, subject: 'c-17' })).toEqual({ keys: 1 })
    expect(await read(customers(open()), ada)).toEqual(GONE)
    await expect(forgetPerson({ client, subject: 'x', topic: 'none' })).rejects.toMatchObject({
      code: 'MILLRACE_TOPIC_MISSING',
    })
  })

  it('keys that cannot be read again are not used for ever', async () => {
    const clients: { disconnect(ms: number): void }[] = []
    const broken: ClientFactory = context => {
      const made = memoryClient(kafka)(context)
      clients.push(made)
      return made
    }
    await using personal = open({ client: broken, maxStaleMs: 50 })
    const serde = customers(personal)
    const ada = await write(serde, ADA)
    clients[0]!.disconnect(400)
    await expect
      .poll(() => attemptOf(() => serde.deserialize(ada, 't')))
      .toMatchObject({ code: 'MILLRACE_SERDE_NOT_READY' })
    expect(await read(serde, ada)).toEqual(ADA)
  })
})

describe('options', () => {
  it.each<[string, object, string]>([
    ['no client', { client: undefined }, 'The option client is undefined, but it must be a client'],
    ['no master key', { masterKey: undefined }, 'it must be what masterKey() returns'],
    ['no master keys', { masterKey: [] }, 'it must be what masterKey() returns'],
    ['a key in place of a master key', { masterKey: 'c2VjcmV0' }, 'The option masterKey is "given", but'],
    ['a misspelt option', { refreshMS: 1 }, 'The option refreshMS is given, but there is no such option'],
    ['no time', { refreshMs: 0 }, 'The option refreshMs is 0'],
  ])('%s is refused', (_what, given, message) => {
    expect(() => open(given)).toThrow(message)
  })

  it.each<[object, string]>([
    [{ fields: ['name'] }, 'The option subject is undefined'],
    [{ subject: () => 'a' }, 'The option fields is undefined'],
    [{ subject: () => 'a', fields: [] }, 'at least one field'],
    [{ subject: () => 'a', fields: [7] }, 'it must be a field'],
    [{ subject: () => 'a', fields: ['name', 'name'] }, '"name" includes "name"'],
    [{ subject: () => 'a', fields: ['address.street', 'address'] }, '"address" includes "address.street"'],
    [{ subject: () => 'a', fields: ['name'], field: 'name' }, 'The option field is given, but there is no such option'],
  ])('serde(…, %j) is refused', async (given, message) => {
    await using personal = open()
    expect(() => personal.serde(json(), given as never)).toThrow(message)
  })

  it('masterKey() of a variable that is not set is refused', () => {
    expect(() => masterKey(process.env['MILLRACE_NO_SUCH_VARIABLE'] as never)).toThrow('MILLRACE_CONFIG_INVALID')
  })
})

it('fields of Avro are encrypted where they hold text', async () => {
  await using registry = await startRegistry()
  await using personal = open()
  const schema = {
    type: 'record',
    name: 'Customer',
    fields: [
      { name: 'id', type: 'string' },
      { name: 'name', type: 'string' },
      { name: 'photo', type: ['null', 'bytes'] },
    ],
  } as const
  const inner = avro(schema, { registry: schemaRegistry({ url: registry.url }) })
  const serde = personal.serde(inner, { subject: ({ id }) => id, fields: ['name', 'photo'] })
  const ada = { id: 'a', name: 'Ada', photo: Buffer.from('face') }
  const bytes = await write(serde, ada)
  expect(Buffer.from(bytes).toString('latin1')).not.toMatch(/Ada|face/)
  expect(await read(serde, bytes)).toEqual(ada)
  await personal.forget('a')
  expect(await read(serde, bytes)).toEqual({ id: 'a', name: FORGOTTEN, photo: FORGOTTEN })
})

describe('in a topology', () => {
  interface Label {
    readonly id: string
    readonly name: string
    readonly item: string
  }
  const label = (personal: PersonalData) => personal.serde(json<Label>(), { subject: ({ id }) => id, fields: ['name'] })

  it('a store, a join and an output show the person as forgotten', async () => {
    await using personal = open()
    const customer = customers(personal)
    const builder = new StreamsBuilder()
    const table = builder.table('customers', {
      key: string(),
      value: customer,
      store: { name: 'customers', caching: false },
    })
    builder
      .stream('orders', { key: string(), value: string() })
      .join(table, (item, { id, name }) => ({ id, name, item }))
      .to('labels', { key: string(), value: label(personal) })
    await using driver = await TopologyTestDriver.create(builder.build())
    const input = driver.createInputTopic('customers', { key: string(), value: customer })
    await personal.ensure('c-17')
    await input.pipeInput('c-17', ADA)
    const orders = driver.createInputTopic('orders', { key: string(), value: string() })
    await orders.pipeInput('c-17', 'pen')
    const raw = driver.createOutputTopic('labels', { key: string(), value: json<Label>() })
    expect(raw.readValue()).toMatchObject({ name: expect.stringMatching(/^~pd1/), item: 'pen' })
    await personal.forget('c-17')
    await orders.pipeInput('c-17', 'ink')
    const all = driver.createOutputTopic('labels', { key: string(), value: label(personal) }).readValuesToList()
    expect(all.map(found => found?.name)).toEqual([FORGOTTEN, FORGOTTEN])
    expect(await driver.keyValueStore<string, Customer>('customers').get('c-17')).toMatchObject({ name: FORGOTTEN })
  })

  it('a join by foreign key goes on when the person is forgotten', async () => {
    await using personal = open()
    const customer = customers(personal)
    const builder = new StreamsBuilder()
    const people = builder.table('customers', { key: string(), value: customer, store: { name: 'customers' } })
    const cities = builder.table('cities', { key: string(), value: string(), store: { name: 'cities' } })
    people
      .join(
        cities,
        person => person.address!.city,
        (person, country) => ({ id: person.id, name: person.name, item: country }),
        { value: label(personal), store: { name: 'joined' } },
      )
      .toStream()
      .to('labels', { key: string(), value: label(personal) })
    await using driver = await TopologyTestDriver.create(builder.build())
    await personal.ensure('c-17')
    const input = driver.createInputTopic('cities', { key: string(), value: string() })
    await input.pipeInput('London', 'England')
    await driver.createInputTopic('customers', { key: string(), value: customer }).pipeInput('c-17', ADA)
    const labels = driver.createOutputTopic('labels', { key: string(), value: label(personal) })
    expect(labels.readValuesToList()).toEqual([{ id: 'c-17', name: 'Ada', item: 'England' }])
    await personal.forget('c-17')
    await input.pipeInput('London', 'Britain')
    expect(labels.readValuesToList()).toEqual([{ id: 'c-17', name: FORGOTTEN, item: 'Britain' }])
  })

  it('a sink waits for the key of a new person', async () => {
    await using personal = open()
    const builder = new StreamsBuilder()
    builder
      .stream('in', { key: string(), value: string() })
      .mapValues(name => ({ id: name, name, item: 'pen' }))
      .to('labels', { key: string(), value: label(personal) })
    await using driver = await TopologyTestDriver.create(builder.build())
    const input = driver.createInputTopic('in', { key: string(), value: string() })
    await input.pipeValues(['a', 'b', 'a'])
    const labels = driver.createOutputTopic('labels', { key: string(), value: label(personal) })
    expect(labels.readValuesToList().map(found => found?.name)).toEqual(['a', 'b', 'a'])
  })
})

function attemptOf(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}
