import { isJsonArray, isJsonObject, type JsonValue, parseJson, printJson } from '../avro/json-value.ts'
import { breakingChanges } from '../json-schema/compare-json-schemas.ts'
import { compileSchema } from '../json-schema/compile-schema.ts'
import { sentence } from '../json-schema/json-change.ts'
import { hasSiblingsOfRef } from '../json-schema/drafts.ts'
import { isSchemaNode, type JsonSchemaNode, SchemaDocuments } from '../json-schema/schema-documents.ts'
import { type SchemaModel, SchemaModels } from '../json-schema/schema-model.ts'
import type { FormatSchema, ReferencedSchema, SchemaFormat } from './schema-format.ts'

export const jsonSchemaFormat: SchemaFormat = {
  name: 'JSON',
  parse(text, referenced, { isNew }) {
    const schema = new JsonFormatSchema(text, referenced)
    if (isNew) schema.check()
    return schema
  },
}

class JsonFormatSchema implements FormatSchema {
  readonly canonical: string
  readonly #value: JsonValue
  readonly #text: string
  readonly #referenced: readonly ReferencedSchema[]

  constructor(text: string, referenced: readonly ReferencedSchema[]) {
    this.#text = text
    this.#value = parseJson(text)
    this.#referenced = referenced
    this.#root()
    this.canonical = printJson(this.#value)
  }

  normalized(): string {
    return printJson(sorted(this.#value))
  }

  /** References are not written out, so that only equal texts are the same. */
  inlined(): string {
    return this.canonical
  }

  cannotRead(writer: FormatSchema): readonly string[] {
    if (!(writer instanceof JsonFormatSchema)) return ['Incompatible because of different schema type']
    return breakingChanges(writer.#model(), this.#model()).map(
      change => `{errorType:"${change.kind}", description:"${sentence(change)}"}`,
    )
  }

  /** @throws when values cannot be checked with it */
  check(): void {
    compileSchema(this.#root(), this.#referenced, { formats: false })
  }

  #root(): JsonSchemaNode {
    const root: unknown = JSON.parse(this.#text)
    if (!isSchemaNode(root)) throw new Error('a schema is an object, true or false')
    return root
  }

  #model(): SchemaModel {
    const root = this.#root()
    const documents = new SchemaDocuments(root, this.#referenced)
    return new SchemaModels(documents, hasSiblingsOfRef(root)).of(documents.root)
  }
}

/** Members in alphabetical order, at all levels. */
function sorted(value: JsonValue): JsonValue {
  if (isJsonArray(value)) return value.map(sorted)
  if (!isJsonObject(value)) return value
  const names = Object.keys(value).sort()
  return Object.fromEntries(names.map(name => [name, sorted(value[name]!)]))
}
