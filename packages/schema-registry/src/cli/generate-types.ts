import { reasonOf } from '@millrace/core'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { avroModule, CONVERTERS } from './avro-module.ts'
import { jsonSchemaTypes } from './json-schema-types.ts'
import { moduleText, referencedBy, referencesText, usedFiles } from './module-text.ts'
import type { SchemaOptions } from './schema-command.ts'
import { readSchemaFiles, type SchemaFile } from './schema-files.ts'
import { SchemaUsageError } from './schema-usage-error.ts'

interface AvroSettings {
  readonly longs: 'number' | 'bigint'
  readonly sets: readonly string[]
}

/** Writes a `.ts` file beside each schema. */
export function generateTypes(options: SchemaOptions, print: (line: string) => void): number {
  const { dir = 'schemas', out = dir } = options
  const settings = avroSettings(options)
  const files = readSchemaFiles(dir)
  const wanted = chosen(files, options.subject, dir)
  const written: { subject: string; file: string }[] = []
  const skipped: { subject: string; schemaType: string; reason: string }[] = []
  for (const file of wanted) {
    const text = moduleOf(file, files, settings)
    if (text === undefined) {
      skipped.push({ subject: file.subject, schemaType: file.schemaType, reason: otherTool(file, dir) })
      continue
    }
    const name = `${file.file.replace(/(\.schema)?\.\w+$/, '')}.ts`
    mkdirSync(dirname(join(out, name)), { recursive: true })
    writeFileSync(join(out, name), text)
    written.push({ subject: file.subject, file: name })
  }
  if (options.json === true) print(JSON.stringify({ out, files: written, skipped }, undefined, 2))
  else {
    for (const { subject, file } of written) print(`${subject} → ${out}/${file}`)
    for (const { subject, reason } of skipped) print(`${subject}: ${reason}`)
  }
  return skipped.length === 0 ? 0 : 1
}

function avroSettings(options: SchemaOptions): AvroSettings {
  const { longs = 'number', 'logical-types': list = '' } = options
  if (longs !== 'number' && longs !== 'bigint')
    throw new SchemaUsageError(`--longs ${longs} is neither number nor bigint`)
  const sets = list.split(',').filter(name => name !== '')
  const unknown = sets.find(name => !Object.hasOwn(CONVERTERS, name))
  if (unknown !== undefined)
    throw new SchemaUsageError(`--logical-types ${unknown} is none of ${Object.keys(CONVERTERS).join(', ')}`)
  return { longs, sets }
}

function chosen(
  files: readonly SchemaFile[],
  subjects: readonly string[] | undefined,
  dir: string,
): readonly SchemaFile[] {
  const missing = subjects?.find(subject => !files.some(file => file.subject === subject))
  if (missing !== undefined) throw new SchemaUsageError(`${missing} is not among the files in ${dir}: pull it`)
  return subjects === undefined ? files : files.filter(({ subject }) => subjects.includes(subject))
}

/** @returns undefined for a format whose types are not generated here */
function moduleOf(file: SchemaFile, files: readonly SchemaFile[], settings: AvroSettings): string | undefined {
  if (file.schemaType === 'AVRO') return avroModule(file, usedFiles(file, files), settings)
  if (file.schemaType !== 'JSON') return undefined
  const used = usedFiles(file, files)
  try {
    return moduleText(file, jsonSchemaTypes(file.schema, referencedBy(used)), {
      serde: 'jsonSchema',
      imports: '',
      settings: used.length > 0 ? [referencesText(used)] : [],
    })
  } catch (error) {
    throw new SchemaUsageError(`${file.subject}: ${reasonOf(error)}`, { cause: error })
  }
}

/** The values of `protobuf()` are messages of `@bufbuild/protobuf`, which has a generator of its own. */
function otherTool({ schemaType }: SchemaFile, dir: string): string {
  if (schemaType !== 'PROTOBUF') return `types of ${schemaType} schemas are not supported`
  const template = '{"version":"v2","plugins":[{"local":"protoc-gen-es","out":"src/gen","opt":"target=ts"}]}'
  return (
    'types of Protobuf messages are made by protoc-gen-es. Install @bufbuild/buf and @bufbuild/protoc-gen-es, then run ' +
    `npx buf generate ${dir} --template '${template}'`
  )
}
