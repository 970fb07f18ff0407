import { reasonOf } from '@millrace/core'
import type { RegistrySchema, SchemaRegistry } from '../client/schema-registry.ts'
import type { ReferencedSchema } from '../registry/schema-format.ts'

/** How a format reads the schemas of a registry. */
export interface SchemaReader<S> {
  /** As in `schemaType`. */
  readonly schemaType: string
  /** @throws with the reason when the schema cannot be used */
  parse(schema: string, referenced: readonly ReferencedSchema[]): S
}

/** A schema that data were written with, or why there is none. */
export type KnownSchema<S> = { readonly schema: S } | { readonly missing: string }

/** Milliseconds between two questions for an id that the registry does not know yet: a registry may hear of it later than a reader. */
const PAUSES = [100, 400]

/** The schemas that data were written with, by id or GUID. An id never changes its schema, so that they are kept for good. */
export class RegisteredSchemas<S> {
  readonly #registry: SchemaRegistry
  readonly #reader: SchemaReader<S>
  readonly #known = new Map<number | string, KnownSchema<S>>()

  constructor(registry: SchemaRegistry, reader: SchemaReader<S>) {
    this.#registry = registry
    this.#reader = reader
  }

  get(id: number | string): KnownSchema<S> | undefined {
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

  async #keep(id: number | string, found: RegistrySchema): Promise<void> {
    this.#known.set(id, await this.read(found, `the schema ${id}`))
  }

  /** @param what the name of the schema in reasons */
  async read(found: RegistrySchema, what: string): Promise<KnownSchema<S>> {
    const { schemaType = 'AVRO', schema } = found
    const wanted = this.#reader.schemaType
    if (schemaType !== wanted) return { missing: `${what} is of type ${schemaType}, not ${wanted}` }
    // A registry that is away must be asked again; a schema that is wrong will not get better.
    const referenced = await this.#resolve(found)
    if (typeof referenced === 'string') return { missing: `${what} cannot be used: ${referenced}` }
    try {
      return { schema: this.#reader.parse(schema, referenced) }
    } catch (error) {
      return { missing: `${what} cannot be used: ${reasonOf(error)}` }
    }
  }

  /** All schemas that this one refers to, directly or not, each after those that it uses itself; or why there is none. */
  async #resolve(schema: RegistrySchema): Promise<readonly ReferencedSchema[] | string> {
    const found = new Map<string, ReferencedSchema>()
    const seen = new Set<string>()
    const visit = async (from: RegistrySchema): Promise<string | undefined> => {
      for (const reference of from.references ?? []) {
        const { name, subject, version } = reference
        const key = `${subject} ${version} ${name}`
        if (seen.has(key)) continue
        seen.add(key)
        const next = await this.#registry.version(subject, version)
        if (next === undefined) return `it refers to version ${version} of "${subject}", which does not exist`
        const missing = await visit(next)
        if (missing !== undefined) return missing
        found.set(key, { reference, schema: next.schema })
      }
      return undefined
    }
    return (await visit(schema)) ?? [...found.values()]
  }
}
