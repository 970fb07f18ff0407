import { describe, expect, it } from 'vitest'
import { breakingChanges } from './compare-json-schemas.ts'
import { type JsonSchemaNode, SchemaDocuments } from './schema-documents.ts'
import { SchemaModels } from './schema-model.ts'

const model = (schema: JsonSchemaNode, imports: Readonly<Record<string, object>> = {}) => {
  const referenced = Object.entries(imports).map(([name, one]) => ({
    reference: { name, subject: name, version: 1 },
    schema: JSON.stringify(one),
  }))
  const documents = new SchemaDocuments(schema, referenced)
  return new SchemaModels(documents, true).of(documents.root)
}
const changes = (from: JsonSchemaNode, to: JsonSchemaNode): string[] =>
  breakingChanges(model(from), model(to)).map(({ kind, path }) => `${kind} ${path}`)
const object = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more })
const closed = (properties: object, more: object = {}) => object(properties, { additionalProperties: false, ...more })

const TEXT = { type: 'string' }
const INTEGER = { type: 'integer' }
const NUMBER = { type: 'number' }

describe('types and limits', () => {
  it.each([
    ['nothing', TEXT, TEXT, []],
    ['another type', TEXT, NUMBER, ['TYPE_CHANGED #/']],
    ['integer to number', INTEGER, NUMBER, []],
    ['number to integer', NUMBER, INTEGER, ['TYPE_NARROWED #/']],
    ['anything', TEXT, {}, []],
    ['from anything', {}, TEXT, ['TYPE_CHANGED #/']],
    ['from nothing', false, TEXT, []],
    ['a longer text', { ...TEXT, maxLength: 3 }, { ...TEXT, maxLength: 4 }, []],
    ['a shorter text', { ...TEXT, maxLength: 3 }, { ...TEXT, maxLength: 2 }, ['MAX_LENGTH_DECREASED #/maxLength']],
    ['a first limit', TEXT, { ...TEXT, minLength: 2 }, ['MIN_LENGTH_ADDED #/minLength']],
    ['a larger minimum', { ...NUMBER, minimum: 1 }, { ...NUMBER, minimum: 2 }, ['MINIMUM_INCREASED #/minimum']],
    [
      'an exclusive maximum',
      NUMBER,
      { ...NUMBER, exclusiveMaximum: 2 },
      ['EXCLUSIVE_MAXIMUM_ADDED #/exclusiveMaximum'],
    ],
    ['a pattern', TEXT, { ...TEXT, pattern: 'a' }, ['PATTERN_ADDED #/pattern']],
    ['another pattern', { ...TEXT, pattern: 'a' }, { ...TEXT, pattern: 'b' }, ['PATTERN_CHANGED #/pattern']],
    ['a finer multiple', { ...NUMBER, multipleOf: 0.3 }, { ...NUMBER, multipleOf: 0.1 }, []],
    [
      'a coarser multiple',
      { ...NUMBER, multipleOf: 0.1 },
      { ...NUMBER, multipleOf: 0.3 },
      ['MULTIPLE_OF_EXPANDED #/multipleOf'],
    ],
    [
      'another multiple',
      { ...NUMBER, multipleOf: 2 },
      { ...NUMBER, multipleOf: 3 },
      ['MULTIPLE_OF_CHANGED #/multipleOf'],
    ],
    ['more of an enum', { enum: ['a'] }, { enum: ['a', 'b'] }, []],
    ['less of an enum', { enum: ['a', 'b'] }, { enum: ['a'] }, ['ENUM_ARRAY_NARROWED #/enum']],
    ['another enum', { enum: ['a', 'b'] }, { enum: ['a', 'c'] }, ['ENUM_ARRAY_CHANGED #/enum']],
    ['another constant', { const: 1 }, { const: 2 }, ['ENUM_ARRAY_CHANGED #/const']],
    ['one type of several', { type: ['string', 'null'] }, TEXT, ['TYPE_CHANGED #/']],
    ['several types', TEXT, { type: ['string', 'null'] }, []],
    ['less that must not match', { not: NUMBER }, { not: INTEGER }, []],
    ['more that must not match', { not: INTEGER }, { not: NUMBER }, ['NOT_TYPE_EXTENDED #/not']],
  ])('%s', (_what, from, to, expected) => expect(changes(from, to)).toEqual(expected))
})

describe('properties', () => {
  it.each([
    [
      'more, where anything was allowed',
      object({}),
      object({ a: TEXT }),
      ['OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL #/properties/a'],
    ],
    ['more that may be anything', object({}), object({ a: {} }), []],
    ['more, where nothing else was allowed', closed({}), closed({ a: TEXT }), []],
    [
      'more that are required',
      closed({}),
      closed({ a: TEXT }, { required: ['a'] }),
      ['REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL #/properties/a'],
    ],
    ['more that have a default', closed({}), closed({ a: { ...TEXT, default: '' } }, { required: ['a'] }), []],
    ['less, where anything is allowed', object({ a: TEXT }), object({}), []],
    [
      'less, where nothing else is allowed',
      closed({ a: TEXT }),
      closed({}),
      ['PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL #/properties/a'],
    ],
    ['less, covered by the rest', closed({ a: TEXT }), object({}, { additionalProperties: TEXT }), []],
    [
      'less, not covered by the rest',
      closed({ a: TEXT }),
      object({}, { additionalProperties: NUMBER }),
      ['TYPE_CHANGED #/properties/a', 'PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/properties/a'],
    ],
    [
      'more, not covered by a pattern',
      object({}, { patternProperties: { '^a': TEXT }, additionalProperties: false }),
      object({ ab: NUMBER }, { patternProperties: { '^a': TEXT }, additionalProperties: false }),
      ['TYPE_CHANGED #/properties/ab', 'PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/properties/ab'],
    ],
    [
      'required',
      object({ a: TEXT }),
      object({ a: TEXT }, { required: ['a'] }),
      ['REQUIRED_ATTRIBUTE_ADDED #/required/a'],
    ],
    ['required with a default', object({ a: TEXT }), object({ a: { ...TEXT, default: '' } }, { required: ['a'] }), []],
    ['closed', object({}), closed({}), ['ADDITIONAL_PROPERTIES_REMOVED #/additionalProperties']],
    ['opened', closed({}), object({}), []],
    [
      'a change deep inside',
      object({ a: object({ b: TEXT }) }),
      object({ a: object({ b: NUMBER }) }),
      ['TYPE_CHANGED #/properties/a/properties/b'],
    ],
    [
      'a dependency',
      object({}),
      object({}, { dependentRequired: { a: ['b'] } }),
      ['DEPENDENCY_ARRAY_ADDED #/dependencies/a'],
    ],
  ])('%s', (_what, from, to, expected) => expect(changes(from, to)).toEqual(expected))
})

describe('items', () => {
  const list = (more: object) => ({ type: 'array', ...more })
  it.each([
    ['a first schema', list({}), list({ items: TEXT }), ['SCHEMA_ADDED #/items']],
    ['no schema any more', list({ items: TEXT }), list({}), []],
    ['another schema', list({ items: TEXT }), list({ items: NUMBER }), ['TYPE_CHANGED #/items']],
    [
      'one more in an open tuple',
      list({ prefixItems: [TEXT] }),
      list({ prefixItems: [TEXT, TEXT] }),
      ['ITEM_ADDED_TO_OPEN_CONTENT_MODEL #/items/1'],
    ],
    [
      'one less in a closed tuple',
      list({ prefixItems: [TEXT, TEXT], items: false }),
      list({ prefixItems: [TEXT], items: false }),
      ['ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL #/items/1'],
    ],
    [
      'a closed tuple',
      list({ items: [TEXT] }),
      list({ items: [TEXT], additionalItems: false }),
      ['ADDITIONAL_ITEMS_REMOVED #/additionalItems'],
    ],
    ['unique', list({}), list({ uniqueItems: true }), ['UNIQUE_ITEMS_ADDED #/uniqueItems']],
  ])('%s', (_what, from, to, expected) => expect(changes(from, to)).toEqual(expected))
})

describe('combinations', () => {
  it.each([
    ['one more choice', { oneOf: [TEXT] }, { oneOf: [TEXT, NUMBER] }, []],
    ['one choice less', { oneOf: [TEXT, NUMBER] }, { oneOf: [TEXT] }, ['SUM_TYPE_NARROWED #/']],
    [
      'other choices',
      { anyOf: [TEXT, NUMBER] },
      { anyOf: [TEXT, { type: 'boolean' }] },
      ['COMBINED_TYPE_SUBSCHEMAS_CHANGED #/'],
    ],
    ['another order', { anyOf: [TEXT, NUMBER] }, { anyOf: [NUMBER, TEXT] }, []],
    ['one more condition', { allOf: [TEXT] }, { allOf: [TEXT, { maxLength: 3 }] }, ['PRODUCT_TYPE_EXTENDED #/']],
    ['one condition less', { allOf: [TEXT, { maxLength: 3 }] }, { allOf: [TEXT] }, []],
    ['any to one', { anyOf: [TEXT, NUMBER] }, { oneOf: [TEXT, NUMBER] }, ['COMBINED_TYPE_CHANGED #/']],
    ['one to any', { oneOf: [TEXT, NUMBER] }, { anyOf: [TEXT, NUMBER] }, []],
  ])('%s', (_what, from, to, expected) => expect(changes(from, to)).toEqual(expected))
})

describe('references', () => {
  const tree = (value: object) => ({
    $defs: { node: object({ value, next: { $ref: '#/$defs/node' } }) },
    $ref: '#/$defs/node',
  })

  it('are followed, in circles too', () => {
    expect(changes(tree(TEXT), tree(TEXT))).toEqual([])
    expect(changes(tree(TEXT), tree(NUMBER))).toContain('TYPE_CHANGED #/properties/value')
  })

  it('may lead to other schemas, by anchors, ids and pointers', () => {
    const from = object(
      { a: { $ref: 'other.json#/$defs/a' }, b: { $ref: '#b' }, c: { $ref: 'inner' } },
      { $defs: { b: { $anchor: 'b', ...TEXT }, c: { $id: 'inner', ...TEXT } } },
    )
    const imports = (a: object) => ({ 'other.json': { $defs: { a } } })
    expect(breakingChanges(model(from, imports(TEXT)), model(from, imports(NUMBER)))).toEqual([
      { kind: 'TYPE_CHANGED', path: '#/properties/a' },
    ])
  })

  it.each([
    ['none.json', 'no reference has this name'],
    ['#/$defs/none', 'there is nothing at #/$defs/none'],
    ['#none', 'there is nothing at #none'],
  ])('that lead nowhere: %s', ($ref, reason) =>
    expect(() => changes(object({ a: { $ref } }), object({ a: { $ref } }))).toThrow(reason),
  )

  it('that lead to themselves', () => {
    expect(() => model({ $ref: '#' })).toThrow('$ref "#" refers to itself')
  })
})
