import type { ReferencedSchema } from '../registry/schema-format.ts'
import { parseSchemaText } from './parse-schema.ts'
import type { AvroNamedType } from './schema.ts'

/**
 * The named types that a schema may use, by full name.
 * @param referenced each after those that it uses itself. Of two versions of a type, the first one counts
 * @throws MILLRACE_SCHEMA_INVALID
 */
export function referencedTypes(
  referenced: readonly ReferencedSchema[],
  { checkDefaults = false }: { readonly checkDefaults?: boolean } = {},
): ReadonlyMap<string, AvroNamedType> {
  const known = new Map<string, AvroNamedType>()
  for (const { reference, schema } of referenced) {
    if (known.has(reference.name)) continue
    for (const [name, type] of parseSchemaText(schema, { known, checkDefaults }).named) known.set(name, type)
  }
  return known
}
