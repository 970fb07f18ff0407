import { isSchemaObject, type JsonSchemaNode } from './schema-documents.ts'

export type JsonSchemaDraft = '4' | '6' | '7' | '2019-09' | '2020-12'

const DRAFTS: readonly (readonly [text: string, draft: JsonSchemaDraft])[] = [
  ['draft-04', '4'],
  ['draft-06', '6'],
  ['draft-07', '7'],
  ['2019-09', '2019-09'],
  ['2020-12', '2020-12'],
]

/** By `$schema`. Confluent's serializers take a schema that does not say for draft 7. */
export function draftOf(schema: JsonSchemaNode): JsonSchemaDraft {
  const named = isSchemaObject(schema) ? schema['$schema'] : undefined
  return DRAFTS.find(([text]) => typeof named === 'string' && named.includes(text))?.[1] ?? '7'
}

/** Whether keywords beside `$ref` count. */
export function hasSiblingsOfRef(schema: JsonSchemaNode): boolean {
  const draft = draftOf(schema)
  return draft === '2019-09' || draft === '2020-12'
}
