import { parseSchemaText } from '../avro/parse-schema.ts'
import { referencedTypes } from '../avro/referenced-types.ts'
import type { LogicalConverters } from '../avro/value-form.ts'
import { asBigint } from '../logical-types/as-bigint.ts'
import { asDate } from '../logical-types/as-date.ts'
import { asParts } from '../logical-types/as-parts.ts'
import { asText } from '../logical-types/as-text.ts'
import { asScaled } from '../logical-types/decimals.ts'
import { avroTypes } from './avro-types.ts'
import { moduleText, referencedBy, referencesText, type UsedFile } from './module-text.ts'
import type { SchemaFile } from './schema-files.ts'

/** What each set of converters makes of its logical types. */
export const CONVERTERS: Readonly<
  Record<string, { readonly converters: LogicalConverters; readonly type: string; readonly imports?: string }>
> = {
  asDate: { converters: asDate, type: 'Date' },
  asBigint: { converters: asBigint, type: 'bigint' },
  asText: { converters: asText, type: 'string' },
  asScaled: { converters: asScaled, type: 'ScaledDecimal', imports: 'type ScaledDecimal' },
  asParts: { converters: asParts, type: 'AvroDuration', imports: 'type AvroDuration' },
}

/** The module of an Avro schema. */
export function avroModule(
  file: SchemaFile,
  used: readonly UsedFile[],
  { longs, sets }: { readonly longs: 'number' | 'bigint'; readonly sets: readonly string[] },
): string {
  const { type } = parseSchemaText(file.schema, { known: referencedTypes(referencedBy(used)), checkDefaults: false })
  const logicalTypes: LogicalConverters = Object.assign({}, ...sets.map(name => CONVERTERS[name]!.converters))
  const typeOf = new Map(
    sets.flatMap(name =>
      Object.values(CONVERTERS[name]!.converters).map(converter => [converter, CONVERTERS[name]!.type]),
    ),
  )
  const types = avroTypes(type, { longs, logicalTypes }, converter => typeOf.get(converter)!)
  const imports = sets.flatMap(name => [
    name,
    ...(types.text.includes(CONVERTERS[name]!.type) ? [CONVERTERS[name]!.imports ?? []].flat() : []),
  ])
  return moduleText(file, types, {
    serde: 'avro',
    imports: imports.length > 0 ? `import { ${imports.join(', ')} } from '@millrace/schema-registry'` : '',
    settings: [
      ...(longs === 'bigint' ? [`longs: 'bigint'`] : []),
      ...(sets.length > 0 ? [`logicalTypes: { ${sets.map(name => `...${name}`).join(', ')} }`] : []),
      ...(used.length > 0 ? [referencesText(used)] : []),
    ],
  })
}
