import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSchemaText } from '../avro/parse-schema.ts'
import type { AvroNamedType } from '../avro/schema.ts'
import type { LogicalConverters } from '../avro/value-form.ts'
import { asBigint } from '../logical-types/as-bigint.ts'
import { asDate } from '../logical-types/as-date.ts'
import { asParts } from '../logical-types/as-parts.ts'
import { asText } from '../logical-types/as-text.ts'
import { asScaled } from '../logical-types/decimals.ts'
import { avroTypes } from './avro-types.ts'
import type { SchemaOptions } from './schema-command.ts'
import { readSchemaFiles, type SchemaFile } from './schema-files.ts'
import { SchemaUsageError } from './schema-usage-error.ts'

/** What each set of converters makes of its logical types. */
const CONVERTERS: Readonly<
  Record<string, { readonly converters: LogicalConverters; readonly type: string; readonly imports?: string }>
> = {
  asDate: { converters: asDate, type: 'Date' },
  asBigint: { converters: asBigint, type: 'bigint' },
  asText: { converters: asText, type: 'string' },
  asScaled: { converters: asScaled, type: 'ScaledDecimal', imports: 'type ScaledDecimal' },
  asParts: { converters: asParts, type: 'AvroDuration', imports: 'type AvroDuration' },
}

/** Writes a `.ts` file beside each schema. */
export function generateTypes(options: SchemaOptions, print: (line: string) => void): number {
  const { dir = 'schemas', out = dir, longs = 'number' } = options
  if (longs !== 'number' && longs !== 'bigint')
    throw new SchemaUsageError(`--longs ${longs} is neither number nor bigint`)
  const sets = (options['logical-types'] ?? '').split(',').filter(name => name !== '')
  const unknown = sets.find(name => !Object.hasOwn(CONVERTERS, name))
  if (unknown !== undefined)
    throw new SchemaUsageError(`--logical-types ${unknown} is none of ${Object.keys(CONVERTERS).join(', ')}`)
  const files = readSchemaFiles(dir)
  mkdirSync(out, { recursive: true })
  const written: { subject: string; file: string }[] = []
  const skipped: { subject: string; schemaType: string }[] = []
  for (const file of files) {
    if (file.schemaType !== 'AVRO') {
      skipped.push({ subject: file.subject, schemaType: file.schemaType })
      continue
    }
    const name = `${file.file.slice(0, file.file.lastIndexOf('.'))}.ts`
    writeFileSync(join(out, name), moduleOf(file, files, longs, sets))
    written.push({ subject: file.subject, file: name })
  }
  if (options.json === true) print(JSON.stringify({ out, files: written, skipped }, undefined, 2))
  else {
    for (const { subject, file } of written) print(`${subject} → ${out}/${file}`)
    for (const { subject, schemaType } of skipped) print(`${subject}: types of ${schemaType} schemas are not generated`)
  }
  return skipped.length === 0 ? 0 : 1
}

function moduleOf(
  file: SchemaFile,
  files: readonly SchemaFile[],
  longs: 'number' | 'bigint',
  sets: readonly string[],
): string {
  const known = new Map<string, AvroNamedType>()
  define(file, files, known)
  const { type } = parseSchemaText(file.schema, { known, checkDefaults: false })
  const logicalTypes: LogicalConverters = Object.assign({}, ...sets.map(name => CONVERTERS[name]!.converters))
  const typeOf = new Map(
    sets.flatMap(name =>
      Object.values(CONVERTERS[name]!.converters).map(converter => [converter, CONVERTERS[name]!.type]),
    ),
  )
  const { text, root } = avroTypes(type, { longs, logicalTypes }, converter => typeOf.get(converter)!)
  const constant = root[0]!.toLowerCase() + root.slice(1)
  const imports = sets.flatMap(name => [
    name,
    ...(text.includes(CONVERTERS[name]!.type) ? [CONVERTERS[name]!.imports ?? []].flat() : []),
  ])
  const settings = [
    ...(longs === 'bigint' ? [`longs: 'bigint'`] : []),
    ...(sets.length > 0 ? [`logicalTypes: { ${sets.map(name => `...${name}`).join(', ')} }`] : []),
  ]
  return [
    `// Written by "millrace schema generate" from ${file.subject}, version ${file.version}. Do not edit.`,
    ...(imports.length > 0 ? [`import { ${imports.join(', ')} } from '@millrace/schema-registry'`] : []),
    '',
    text,
    `/** For \`avro<${root}>(${constant}Schema, { registry${settings.length > 0 ? `, ...${constant}Options` : ''} })\`. */`,
    `export const ${constant}Schema = ${JSON.stringify(file.schema.trim())}`,
    ...(settings.length > 0 ? [`export const ${constant}Options = { ${settings.join(', ')} } as const`] : []),
    '',
  ].join('\n')
}

/** Adds the types of the schemas that a file refers to. */
function define(file: SchemaFile, files: readonly SchemaFile[], known: Map<string, AvroNamedType>): void {
  for (const reference of file.references) {
    const used = files.find(({ subject }) => subject === reference.subject)
    if (used === undefined)
      throw new SchemaUsageError(
        `${file.subject} refers to ${reference.subject}, which is not among the files: pull it`,
      )
    define(used, files, known)
    for (const [name, type] of parseSchemaText(used.schema, { known, checkDefaults: false }).named)
      known.set(name, type)
  }
}
