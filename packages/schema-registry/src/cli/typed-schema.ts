import { parseSchemaText } from '../avro/parse-schema.ts'
import { referencedTypes } from '../avro/referenced-types.ts'
import type { AvroType } from '../avro/schema.ts'
import { schemaIn } from '../client/registry-answers.ts'
import type { registryRequests } from '../client/registry-requests.ts'
import type { RegistrySchema } from '../client/schema-registry.ts'
import type { FormatSchema, ReferencedSchema } from '../registry/schema-format.ts'
import { loadSchemaFormats } from '../registry/schema-formats.ts'
import { SchemaUsageError } from './schema-usage-error.ts'

export interface TypedSchema {
  readonly schemaType: string
  readonly schema: FormatSchema
  /** Of Avro. */
  readonly avro: AvroType | undefined
}

/** Reads a schema, with the schemas that it refers to from the registry. @throws when it is invalid */
export async function parseWithReferences(
  given: RegistrySchema,
  ask: ReturnType<typeof registryRequests>,
): Promise<TypedSchema> {
  const { schemaType = 'AVRO' } = given
  const formats = await loadSchemaFormats()
  const format = formats.find(({ name }) => name === schemaType)
  if (format === undefined)
    throw new SchemaUsageError(
      `Schemas of the type ${schemaType} are not supported; ${formats.map(({ name }) => name).join(', ')} are`,
    )
  const referenced: ReferencedSchema[] = []
  const collect = async (schema: RegistrySchema): Promise<void> => {
    for (const reference of schema.references ?? []) {
      if (referenced.some(one => one.reference.name === reference.name)) continue
      const path = `/subjects/${encodeURIComponent(reference.subject)}/versions/${reference.version}`
      const found = await ask('GET', path, schemaIn)
      if (found === undefined)
        throw new Error(`the version ${reference.version} of ${reference.subject}, which it refers to, does not exist`)
      await collect(found)
      referenced.push({ reference, schema: found.schema })
    }
  }
  await collect(given)
  const schema = format.parse(given.schema, referenced, { isNew: false })
  return { schemaType, schema, avro: schemaType === 'AVRO' ? avroOf(given.schema, referenced) : undefined }
}

function avroOf(text: string, referenced: readonly ReferencedSchema[]): AvroType {
  return parseSchemaText(text, { known: referencedTypes(referenced), checkDefaults: true }).type
}
