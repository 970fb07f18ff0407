import { avroFormat } from './avro-format.ts'
import type { SchemaFormat } from './schema-format.ts'

/**
 * The kinds of schemas that a registry can hold. Those that need a package are imported here and not above, so that the main entry does
 * not load it for applications that only use Avro.
 */
export async function loadSchemaFormats(): Promise<readonly SchemaFormat[]> {
  const [{ protobufFormat }, { jsonSchemaFormat }] = await Promise.all([
    import('./protobuf-format.ts'),
    import('./json-schema-format.ts'),
  ])
  return [avroFormat, protobufFormat, jsonSchemaFormat]
}
