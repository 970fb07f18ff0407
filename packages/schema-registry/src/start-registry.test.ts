import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RunningRegistry, startRegistry } from './start-registry.ts'

let registry: RunningRegistry
beforeEach(async () => void (registry = await startRegistry()))
afterEach(() => registry.close())

interface Answer {
  readonly status: number
  readonly body: unknown
}

async function ask(method: string, path: string, body?: unknown): Promise<Answer> {
  const init = body === undefined ? { method } : { method, body: JSON.stringify(body) }
  const response = await fetch(registry.url + path, {
    ...init,
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
  })
  const text = await response.text()
  return {
    status: response.status,
    body: text.startsWith('{') || text.startsWith('[') || /^\d/.test(text) ? JSON.parse(text) : text,
  }
}

const get = (path: string) => ask('GET', path)
const register = (subject: string, schema: unknown, more: object = {}, query = '') =>
  ask('POST', `/subjects/${encodeURIComponent(subject)}/versions${query}`, { schema: text(schema), ...more })
const text = (schema: unknown) => (typeof schema === 'string' ? schema : JSON.stringify(schema))

const record = (...fields: readonly object[]) => ({ type: 'record', name: 'Order', namespace: 'shop', fields })
const ID = { name: 'id', type: 'long' }
const NOTE = { name: 'note', type: 'string' }
const NOTE_OR_NONE = { name: 'note', type: ['null', 'string'], default: null }

describe('versions and ids', () => {
  it('counts versions by subject and ids by schema', async () => {
    expect((await register('a', record(ID))).body).toMatchObject({ id: 1, version: 1 })
    expect((await register('a', record(ID, NOTE_OR_NONE))).body).toMatchObject({ id: 2, version: 2 })
    expect((await register('b', record(ID))).body).toMatchObject({ id: 1, version: 1 })
    expect((await register('a', record(ID))).body).toMatchObject({ id: 1, version: 1 })
    expect((await get('/subjects')).body).toEqual(['a', 'b'])
    expect((await get('/subjects/a/versions')).body).toEqual([1, 2])
    expect((await get('/schemas/ids/1/subjects')).body).toEqual(['a', 'b'])
    expect((await get('/schemas/ids/2/versions')).body).toEqual([{ subject: 'a', version: 2 }])
    expect((await get('/schemas/ids/1?fetchMaxId=true')).body).toMatchObject({ maxId: 2 })
  })

  it('stores the text that Java prints', async () => {
    await register(
      'a',
      `{ "name": "X", "fields": [ { "type": "double", "name": "d", "default": 1e10 } ], "type": "record" }`,
    )
    const stored = '{"type":"record","name":"X","fields":[{"name":"d","type":"double","default":1.0E10}]}'
    expect((await get('/subjects/a/versions/latest')).body).toMatchObject({ schema: stored, schemaType: 'AVRO' })
    expect((await get('/subjects/a/versions/1/schema')).body).toEqual(JSON.parse(stored))
    expect((await get('/schemas/ids/1')).body).toMatchObject({ schema: stored })
  })

  it('gives a schema the GUID that is the MD5 of its text', async () => {
    const { body } = await register('a', '"string"')
    // printf '"string"' | md5sum
    expect(body).toMatchObject({ guid: '095d71cf-1255-6b9d-5e33-0ad575b3df5d' })
    const { guid } = body as { readonly guid: string }
    expect((await get(`/schemas/guids/${guid}`)).body).toMatchObject({ schema: '"string"' })
    expect((await get(`/schemas/guids/${guid}/ids`)).body).toEqual([{ context: '.', id: 1 }])
    expect(await get('/schemas/guids/00000000-0000-0000-0000-000000000000')).toMatchObject({
      status: 404,
      body: { error_code: 40403 },
    })
  })

  it('looks a schema up under a subject', async () => {
    await register('a', record(ID))
    expect((await ask('POST', '/subjects/a', { schema: text(record(ID)) })).body).toMatchObject({
      subject: 'a',
      version: 1,
      id: 1,
    })
    expect((await ask('POST', '/subjects/a', { schema: '"int"' })).body).toMatchObject({ error_code: 40403 })
    expect((await ask('POST', '/subjects/b', { schema: '"int"' })).body).toMatchObject({ error_code: 40401 })
  })

  it('with normalize, schemas that differ in form only are one', async () => {
    const one = { type: 'record', name: 'shop.Order', fields: [{ name: 'id', type: { type: 'long', b: 1, a: 2 } }] }
    const other = {
      type: 'record',
      name: 'Order',
      namespace: 'shop',
      fields: [{ name: 'id', type: { type: 'long', a: 2, b: 1 } }],
    }
    expect((await register('a', one, {}, '?normalize=true')).body).toMatchObject({ id: 1 })
    expect((await register('a', other, {}, '?normalize=true')).body).toMatchObject({ id: 1, version: 1 })
    expect((await register('a', other)).body).toMatchObject({ id: 1, version: 1 })
    expect((await register('a', one)).body).toMatchObject({ id: 2, version: 2 })
    await ask('PUT', '/config/a', { normalize: true })
    expect((await register('a', one)).body).toMatchObject({ id: 1, version: 1 })
  })

  it('keeps metadata and rules, and gives them to the next version', async () => {
    const metadata = { properties: { owner: 'sales' }, tags: { 'Order.id': ['PII'] } }
    const ruleSet = { domainRules: [{ name: 'check', kind: 'CONDITION', type: 'CEL', mode: 'WRITE', expr: 'true' }] }
    await register('a', record(ID), { metadata, ruleSet })
    await register('a', record(ID, NOTE_OR_NONE))
    expect((await get('/subjects/a/versions/2')).body).toMatchObject({ metadata, ruleSet })
    expect((await get('/subjects/a/metadata?key=owner&value=sales')).body).toMatchObject({ version: 2 })
    expect((await get('/subjects/a/metadata?key=owner&value=other')).body).toMatchObject({ error_code: 40403 })
  })
})

describe('compatibility', () => {
  it.each([
    ['BACKWARD', record(ID), record(ID, NOTE), 409],
    ['BACKWARD', record(ID), record(ID, NOTE_OR_NONE), 200],
    ['BACKWARD', record(ID, NOTE), record(ID), 200],
    ['FORWARD', record(ID, NOTE), record(ID), 409],
    ['FORWARD', record(ID), record(ID, NOTE), 200],
    ['FULL', record(ID), record(ID, NOTE), 409],
    ['FULL', record(ID, NOTE), record(ID), 409],
    ['FULL', record(ID), record(ID, NOTE_OR_NONE), 200],
    ['NONE', record(ID), '"string"', 200],
  ])('under %s', async (level, first, second, status) => {
    expect((await ask('PUT', '/config', { compatibility: level })).body).toEqual({ compatibility: level })
    await register('a', first)
    expect((await register('a', second)).status).toBe(status)
  })

  it('compares with the latest version, or with all', async () => {
    await register('a', record(ID, NOTE))
    await register('a', record(ID))
    const again = record(ID, { name: 'note', type: 'int', default: 0 })
    expect((await ask('POST', '/compatibility/subjects/a/versions', { schema: text(again) })).body).toEqual({
      is_compatible: true,
    })
    await ask('PUT', '/config/a', { compatibility: 'BACKWARD_TRANSITIVE' })
    expect((await ask('POST', '/compatibility/subjects/a/versions', { schema: text(again) })).body).toEqual({
      is_compatible: false,
    })
    expect((await ask('POST', '/compatibility/subjects/a/versions/2', { schema: text(again) })).body).toEqual({
      is_compatible: true,
    })
    expect((await register('a', again)).body).toMatchObject({ error_code: 409 })
  })

  it('says why, in the words of Confluent', async () => {
    await register('a', record(ID))
    const { body } = await ask('POST', '/compatibility/subjects/a/versions/latest?verbose=true', {
      schema: text(record(ID, NOTE)),
    })
    expect(body).toEqual({
      is_compatible: false,
      messages: [
        "{errorType:'READER_FIELD_MISSING_DEFAULT_VALUE', description:'The field 'note' at path '/fields/1' in the new schema has no " +
          "default value and is missing in the old schema', additionalInfo:'note'}",
        '{oldSchemaVersion: 1}',
        `{oldSchema: '{"type":"record","name":"Order","namespace":"shop","fields":[{"name":"id","type":"long"}]}'}`,
        "{validateFields: 'false', compatibility: 'BACKWARD'}",
      ],
    })
  })

  it('compares within a group of versions only', async () => {
    await ask('PUT', '/config/a', { compatibilityGroup: 'major' })
    await register('a', record(ID), { metadata: { properties: { major: '1' } } })
    expect((await register('a', '"string"', { metadata: { properties: { major: '2' } } })).status).toBe(200)
    expect((await register('a', '"int"', { metadata: { properties: { major: '1' } } })).status).toBe(409)
  })

  it('has settings of subjects before those of the registry', async () => {
    expect((await get('/config')).body).toEqual({ compatibilityLevel: 'BACKWARD' })
    expect((await get('/config/a')).body).toMatchObject({ error_code: 40408 })
    await ask('PUT', '/config/a', { compatibility: 'NONE' })
    expect((await get('/config/a')).body).toEqual({ compatibilityLevel: 'NONE' })
    expect((await get('/config/b?defaultToGlobal=true')).body).toEqual({ compatibilityLevel: 'BACKWARD' })
    expect((await ask('DELETE', '/config/a')).body).toEqual({ compatibilityLevel: 'NONE' })
    expect((await get('/config/a')).status).toBe(404)
  })
})

describe('deletion', () => {
  it('hides a version, and then removes it', async () => {
    await register('a', record(ID))
    await register('a', record(ID, NOTE_OR_NONE))
    expect((await ask('DELETE', '/subjects/a/versions/1?permanent=true')).body).toMatchObject({ error_code: 40407 })
    expect((await ask('DELETE', '/subjects/a/versions/1')).body).toBe(1)
    expect((await ask('DELETE', '/subjects/a/versions/1')).body).toMatchObject({ error_code: 40406 })
    expect((await get('/subjects/a/versions/1')).body).toMatchObject({ error_code: 40402 })
    expect((await get('/subjects/a/versions')).body).toEqual([2])
    expect((await get('/subjects/a/versions?deleted=true')).body).toEqual([1, 2])
    expect((await get('/subjects/a/versions?deletedOnly=true')).body).toEqual([1])
    // Data that was written with it must still be readable.
    expect((await get('/schemas/ids/1')).status).toBe(200)
    expect((await ask('DELETE', '/subjects/a/versions/1?permanent=true')).body).toBe(1)
    expect((await get('/schemas/ids/1')).body).toMatchObject({ error_code: 40403 })
  })

  it('hides a subject, and then removes it', async () => {
    await register('a', record(ID))
    await register('a', record(ID, NOTE_OR_NONE))
    expect((await ask('DELETE', '/subjects/a?permanent=true')).body).toMatchObject({ error_code: 40405 })
    expect((await ask('DELETE', '/subjects/a')).body).toEqual([1, 2])
    expect((await ask('DELETE', '/subjects/a')).body).toMatchObject({ error_code: 40404 })
    expect((await get('/subjects')).body).toEqual([])
    expect((await get('/subjects?deleted=true')).body).toEqual(['a'])
    // A schema comes back under a new version and the old id.
    expect((await register('a', record(ID))).body).toMatchObject({ id: 1, version: 3 })
    await ask('DELETE', '/subjects/a')
    expect((await ask('DELETE', '/subjects/a?permanent=true')).body).toEqual([2, 3])
    expect((await ask('DELETE', '/subjects/a')).body).toMatchObject({ error_code: 40401 })
    expect((await register('a', '"int"')).body).toMatchObject({ id: 3, version: 1 })
  })
})

describe('references', () => {
  const order = record(ID, { name: 'customer', type: 'shop.Customer' })
  const customer = { type: 'record', name: 'Customer', namespace: 'shop', fields: [ID] }
  const references = [{ name: 'shop.Customer', subject: 'customers', version: 1 }]

  it('are resolved, listed and kept from deletion', async () => {
    await register('customers', customer)
    expect((await register('orders', order)).body).toMatchObject({ error_code: 42201 })
    expect((await register('orders', order, { references })).body).toMatchObject({ id: 2 })
    expect((await get('/subjects/orders/versions/1')).body).toMatchObject({
      references,
      schema: text(order).replace('shop.C', 'C'),
    })
    expect((await get('/subjects/customers/versions/1/referencedby')).body).toEqual([2])
    expect((await ask('DELETE', '/subjects/customers/versions/1')).body).toMatchObject({ error_code: 42206 })
    expect((await ask('DELETE', '/subjects/customers')).body).toMatchObject({ error_code: 42206 })
    await ask('DELETE', '/subjects/orders')
    expect((await ask('DELETE', '/subjects/customers')).body).toEqual([1])
  })

  it('may be written out by a client', async () => {
    await register('customers', customer)
    await register('orders', order, { references })
    const inlined = record(ID, { name: 'customer', type: customer })
    expect((await register('orders', inlined)).body).toMatchObject({ id: 2, version: 1 })
  })

  it('must exist', async () => {
    expect((await register('orders', order, { references })).body).toMatchObject({ error_code: 42201 })
  })
})

describe('contexts', () => {
  it('have ids of their own', async () => {
    await register('a', record(ID))
    await register(':.test:a', '"string"')
    expect((await get('/contexts')).body).toEqual(['.', '.test'])
    expect((await get('/schemas/ids/1')).body).toMatchObject({ subject: 'a' })
    expect((await get('/schemas/ids/1?subject=:.test:')).body).toMatchObject({ schema: '"string"' })
    expect((await get('/contexts/.test/schemas/ids/1')).body).toMatchObject({ schema: '"string"' })
    expect((await get('/contexts/.test/subjects')).body).toEqual([':.test:a'])
    expect((await get('/contexts/.test/subjects/a/versions')).body).toEqual([1])
    expect((await get('/subjects?subjectPrefix=:.test:')).body).toEqual([':.test:a'])
  })

  it('are searched for a subject that names none', async () => {
    await register(':.test:b', '"string"')
    expect((await get('/subjects/b/versions/latest')).body).toMatchObject({ subject: ':.test:b' })
  })

  it('have settings for all their subjects', async () => {
    await ask('PUT', '/config/:.test:', { compatibility: 'NONE' })
    await register(':.test:a', '"string"')
    expect((await register(':.test:a', '"int"')).status).toBe(200)
    await register('a', '"string"')
    expect((await register('a', '"int"')).status).toBe(409)
  })
})

describe('modes', () => {
  it('READONLY refuses changes', async () => {
    await register('a', '"string"')
    expect((await ask('PUT', '/mode/a', { mode: 'READONLY' })).body).toEqual({ mode: 'READONLY' })
    expect((await register('a', '"bytes"')).body).toMatchObject({ error_code: 42205 })
    expect((await ask('DELETE', '/subjects/a')).body).toMatchObject({ error_code: 42205 })
    expect((await get('/mode/a')).body).toEqual({ mode: 'READONLY' })
    expect((await get('/mode')).body).toEqual({ mode: 'READWRITE' })
    expect((await get('/mode/b')).body).toMatchObject({ error_code: 40409 })
    await ask('DELETE', '/mode/a')
    expect((await register('a', '"bytes"')).status).toBe(200)
  })

  it('READONLY_OVERRIDE of the registry wins over subjects', async () => {
    await ask('PUT', '/mode/a', { mode: 'READWRITE' })
    await ask('PUT', '/mode', { mode: 'READONLY_OVERRIDE' })
    expect((await register('a', '"string"')).body).toMatchObject({ error_code: 42205 })
  })

  it('IMPORT takes ids and versions as they are', async () => {
    expect((await register('a', '"string"', { id: 7 })).body).toMatchObject({ error_code: 42205 })
    await ask('PUT', '/mode/a', { mode: 'IMPORT' })
    expect((await register('a', '"string"')).body).toMatchObject({ error_code: 42205 })
    expect((await register('a', '"string"', { id: 7, version: 4 })).body).toMatchObject({ id: 7, version: 4 })
    expect((await register('a', '"int"', { id: 7, version: 5 })).body).toMatchObject({ error_code: 42207 })
    await ask('PUT', '/mode/a', { mode: 'READWRITE' })
    expect((await register('a', '"bytes"')).body).toMatchObject({ id: 8, version: 5 })
    expect((await ask('PUT', '/mode/a', { mode: 'IMPORT' })).body).toMatchObject({ error_code: 42205 })
  })
})

describe('bad requests', () => {
  it.each([
    ['POST', '/subjects/a/versions', { schema: '{"type":"record"}' }, 422, 42201],
    ['POST', '/subjects/a/versions', { schema: 'no json' }, 422, 42201],
    ['POST', '/subjects/a/versions', { schema: '"undefined.Name"' }, 422, 42201],
    ['POST', '/subjects/a/versions', { schema: '' }, 422, 42201],
    ['POST', '/subjects/a/versions', { schema: '{}', schemaType: 'XML' }, 422, 42201],
    ['POST', '/subjects/a/versions', { schema: { type: 'string' } }, 400, 400],
    ['POST', '/subjects/a/versions', { schema: '"int"', references: [{ name: 'x' }] }, 400, 400],
    ['POST', '/subjects/a/versions', undefined, 422, 422],
    ['POST', '/subjects/:.x:/versions', { schema: '"int"' }, 422, 42208],
    ['GET', '/subjects/a/versions', undefined, 404, 40401],
    ['GET', '/subjects/a/versions/1', undefined, 404, 40401],
    ['GET', '/subjects/a/versions/0', undefined, 422, 42202],
    ['GET', '/subjects/a/versions/x', undefined, 422, 42202],
    ['GET', '/schemas/ids/1', undefined, 404, 40403],
    ['PUT', '/config', { compatibility: 'SIDEWARD' }, 422, 42203],
    ['PUT', '/config', { defaultRuleSet: {} }, 422, 422],
    ['PUT', '/mode', { mode: 'SLEEPING' }, 422, 42204],
    ['GET', '/nothing', undefined, 404, 404],
    ['PATCH', '/subjects', undefined, 404, 404],
    ['GET', '/subjects/%ZZ', undefined, 400, 400],
  ])('%s %s %j', async (method, path, body, status, code) => {
    expect(await ask(method, path, body)).toMatchObject({
      status,
      body: { error_code: code, message: expect.any(String) },
    })
  })

  it('a default that does not fit is refused', async () => {
    const { body } = await register('a', record({ name: 'n', type: 'int', default: 'one' }))
    expect(body).toMatchObject({ error_code: 42201, message: expect.stringContaining('"one" is not an int') })
  })
})

it('gives parallel registrations different ids', async () => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) => register(`s${index}`, record({ name: `f${index}`, type: 'int' }))),
  )
  const ids = answers.map(({ body }) => (body as { readonly id: number }).id)
  expect(new Set(ids).size).toBe(20)
})
