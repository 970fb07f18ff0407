import type { Serde } from '@millrace/core'
import { expectTypeOf, it } from 'vitest'
import type { SchemaRegistry } from '../client/schema-registry.ts'
import { jsonSchema } from './json-schema.ts'

declare const registry: SchemaRegistry

it('the type of the values follows from a literal schema', () => {
  const serde = jsonSchema(
    {
      type: 'object',
      properties: {
        id: { type: 'integer' },
        status: { enum: ['new', 'paid'] },
        tags: { type: 'array', items: { type: 'string' } },
        note: { type: ['string', 'null'] },
        stock: { type: 'object', additionalProperties: { type: 'number' } },
        pay: {
          oneOf: [{ const: 'cash' }, { type: 'object', properties: { card: { type: 'string' } }, required: ['card'] }],
        },
        other: { $ref: '#/$defs/other' },
      },
      required: ['id', 'status'],
    },
    { registry },
  )
  expectTypeOf(serde).toEqualTypeOf<
    Serde<{
      id: number
      status: 'new' | 'paid'
      tags?: string[]
      note?: string | null
      stock?: Record<string, number>
      pay?: 'cash' | { card: string }
      other?: unknown
    }>
  >()
})

it('a type of your own goes with a text', () => {
  expectTypeOf(jsonSchema<{ id: number }>('{"type":"object"}', { registry })).toEqualTypeOf<Serde<{ id: number }>>()
})
