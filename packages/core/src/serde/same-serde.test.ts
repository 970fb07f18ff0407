import { expect, it } from 'vitest'
import { json } from './json.ts'
import { list } from './list.ts'
import { int, long } from './number-serdes.ts'
import { sameSerde } from './same-serde.ts'
import type { Serde } from './serde.ts'
import type { StandardSchemaV1 } from './standard-schema.ts'
import { string } from './text-serdes.ts'
import { sessionWindowed, timeWindowed } from './windowed-serdes.ts'

const schema: StandardSchemaV1 = { '~standard': { version: 1, vendor: 'test', validate: value => ({ value }) } }
const other: StandardSchemaV1 = { '~standard': { ...schema['~standard'] } }
const own = (): Serde<unknown> => ({ ...(string() as Serde<unknown>), name: 'own' })

it.each<[string, boolean, object, object]>([
  ['one serde', true, string(), string()],
  ['two of other types', false, int(), long()],
  ['json', true, json(), json({ name: 'Order', propertyOrder: 'as-given' })],
  ['json in another order', false, json(), json({ propertyOrder: 'sorted' })],
  ['json with and without a schema', false, json(), json(schema)],
  ['json of one schema', true, json(schema), json(schema, { validateOnEncode: false })],
  ['json of one schema, checked at writing', false, json(schema), json(schema, { validateOnEncode: true })],
  ['json of two schemas', false, json(schema), json(other)],
  ['lists', true, list(json()), list(json())],
  ['lists of other elements', false, list(json()), list(string())],
  ['lists with and without nulls', false, list(string()), list(string(), { nullable: true })],
  ['time windows', true, timeWindowed(string(), { sizeMs: 1 }), timeWindowed(string(), { sizeMs: 1 })],
  ['time windows of two sizes', false, timeWindowed(string(), { sizeMs: 1 }), timeWindowed(string(), { sizeMs: 2 })],
  ['sessions', true, sessionWindowed(json()), sessionWindowed(json())],
  ['windows and sessions', false, timeWindowed(string(), { sizeMs: 1 }), sessionWindowed(string())],
  ['custom serdes', false, own(), own()],
])('%s: %s', (_what, same, one, two) => {
  expect(sameSerde(one, two)).toBe(same)
  expect(sameSerde(two, one)).toBe(same)
})
