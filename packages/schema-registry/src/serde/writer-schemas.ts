import { reasonOf } from '@millrace/core'
import { type ParsedSchema, parseSchemaText } from '../avro/parse-schema.ts'
import type { AvroNamedType, AvroType } from '../avro/schema.ts'
import type { RegistrySchema, SchemaRegistry } from '../client/schema-registry.ts'

/** A schema that data were written with, or why there is none. */
export type WriterSchema = { readonly type: AvroType } | { readonly missing: string }

/** Milliseconds between two questions for an id that the registry does not know yet: a registry may hear of it later than a reader. */
const PAUSES = [100, 400]

/** The schemas that data were written with, by id or GUID. An id never changes its schema, so that they are kept for good. */
export class WriterSchemas {
  readonly #registry: SchemaRegistry
  readonly #known = new Map<number | string, WriterSchema>()

  constructor(registry: SchemaRegistry) {
    this.#registry = registry
  }

  get(id: number | string): WriterSchema | undefined {
    return this.#known.get(id)
  }

  /** The next record with the id asks again. */
  forget(id: number | string): void {
    this.#known.delete(id)
  }

  async fetch(id: number | string): Promise<void> {
    for (const pause of [...PAUSES, undefined]) {
      const found = await (typeof id === 'number' ? this.#registry.byId(id) : this.#registry.byGuid(id))
      if (found !== undefined) return await this.#keep(id, found)
      if (pause !== undefined) await new Promise(resolve => setTimeout(resolve, pause))
    }
    this.#known.set(id, { missing: `the registry knows no schema ${id}` })
  }

  /** Fetches all versions of a subject. */
  async fetchSubject(subject: string): Promise<void> {
    for (const number of await this.#registry.versions(subject)) {
      const version = await this.#registry.version(subject, number)
      if (version !== undefined && !this.#known.has(version.id)) await this.#keep(version.id, version)
    }
  }

  async #keep(id: number | string, schema: RegistrySchema): Promise<void> {
    const { schemaType = 'AVRO' } = schema
    if (schemaType !== 'AVRO') {
      this.#known.set(id, { missing: `the schema ${id} is of type ${schemaType}, not AVRO` })
      return
    }
    const referenced = await this.#resolve(schema)
    try {
      this.#known.set(id, { type: parseSchemaText(schema.schema, { known: referenced, checkDefaults: false }).type })
    } catch (error) {
      this.#known.set(id, { missing: `the schema ${id} cannot be used: ${reasonOf(error)}` })
    }
  }

  async parse(schema: RegistrySchema): Promise<ParsedSchema> {
    return parseSchemaText(schema.schema, { known: await this.#resolve(schema), checkDefaults: false })
  }

  /** The named types of all schemas that this one refers to, directly or not. */
  async #resolve(
    schema: RegistrySchema,
    known = new Map<string, AvroNamedType>(),
  ): Promise<Map<string, AvroNamedType>> {
    for (const { name, subject, version } of schema.references ?? []) {
      if (known.has(name)) continue
      const found = await this.#registry.version(subject, version)
      if (found === undefined) continue
      await this.#resolve(found, known)
      if (known.has(name)) continue
      for (const [defined, type] of parseSchemaText(found.schema, { known, checkDefaults: false }).named)
        known.set(defined, type)
    }
    return known
  }
}
