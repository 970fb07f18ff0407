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
  ask('POST', `/subjects/${subject}/versions${query}`, { schema, schemaType: 'JSON', ...more })
const stored = async (subject: string): Promise<string> =>
  (await ask('GET', `/subjects/${subject}/versions/latest`)).body.schema

it('stores the text without spaces, in its order, with its numbers', async () => {
  await register('a', '{ "type": "number",\n "maximum": 9007199254740993, "minimum": 1.0, "title": "\\u00e9" }')
  expect(await stored('a')).toBe('{"type":"number","maximum":9007199254740993,"minimum":1.0,"title":"é"}')
})

it('normalised, the order does not matter', async () => {
  await register('a', '{"type":"object","properties":{"b":true,"a":true}}', {}, '?normalize=true')
  expect(await stored('a')).toBe('{"properties":{"a":true,"b":true},"type":"object"}')
  const same = { schema: '{"properties":{"b":true,"a":true},"type":"object"}', schemaType: 'JSON' }
  expect((await ask('POST', '/subjects/a?normalize=true', same)).body).toMatchObject({ version: 1 })
  expect((await ask('POST', '/subjects/a', same)).body).toMatchObject({ error_code: 40403 })
})

it('follows references', async () => {
  await register('name', '{"type":"string"}')
  const order = '{"type":"object","properties":{"name":{"$ref":"name.json"}},"additionalProperties":false}'
  const references = [{ name: 'name.json', subject: 'name', version: 1 }]
  expect((await register('order', order)).body.message).toContain("can't resolve reference name.json")
  expect((await register('order', order, { references })).body).toMatchObject({ id: 2 })
  const inlined = order.replace('{"$ref":"name.json"}', '{"type":"number"}')
  expect((await register('order', inlined)).body.message).toContain('TYPE_CHANGED')
})

describe('what is refused', () => {
  it.each([
    ['no JSON', '{"type":'],
    ['no schema', '[]'],
    ['a type that does not exist', '{"type":"text"}'],
    ['a reference that leads nowhere', '{"$ref":"#/definitions/none"}'],
    ['a schema that is too deep', `${'{"not":'.repeat(5_000)}{}${'}'.repeat(5_000)}`],
  ])('%s', async (_what, schema) => {
    const { status, body } = await register('a', schema)
    expect({ status, code: body.error_code }).toEqual({ status: 422, code: 42201 })
  })

  it('an incompatible version, with the reasons', async () => {
    await register('a', '{"type":"object","properties":{"x":{"type":"integer"}},"additionalProperties":false}')
    const next = {
      schema: '{"type":"object","properties":{"x":{"type":"string"}},"required":["x"]}',
      schemaType: 'JSON',
    }
    expect((await ask('POST', '/compatibility/subjects/a/versions/latest?verbose=true', next)).body).toEqual({
      is_compatible: false,
      messages: [
        '{errorType:"REQUIRED_ATTRIBUTE_ADDED", description:"The new schema requires \'#/required/x\', which the old schema does not require"}',
        '{errorType:"TYPE_CHANGED", description:"The new schema and the old schema differ at \'#/properties/x\'"}',
        '{oldSchemaVersion: 1}',
        expect.stringContaining('{oldSchema: '),
        "{validateFields: 'false', compatibility: 'BACKWARD'}",
      ],
    })
    expect((await register('a', next.schema)).status).toBe(409)
    await ask('PUT', '/config/a', { compatibility: 'NONE' })
    expect((await register('a', next.schema)).status).toBe(200)
  })
})
