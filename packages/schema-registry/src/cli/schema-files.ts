import { isMillraceError, reasonOf } from '@millrace/core'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RegistrySchema, RegistryVersion } from '../client/schema-registry.ts'
import { SchemaUsageError } from './schema-usage-error.ts'

/** What `pull` notes about its files. */
const INDEX = 'schemas.json'

export interface SchemaFile extends Required<RegistrySchema> {
  readonly subject: string
  readonly version: number
  readonly id: number
  /** The name of the file in its directory. */
  readonly file: string
}

type Noted = Omit<SchemaFile, 'schema'>

const EXTENSIONS: Readonly<Record<string, string>> = { AVRO: 'avsc', PROTOBUF: 'proto', JSON: 'schema.json' }

export function schemaFile(subject: string, found: RegistryVersion): SchemaFile {
  const { schema, schemaType = 'AVRO', references = [], version, id } = found
  // Names of subjects may have any characters, such as the colons of contexts.
  const file = `${encodeURIComponent(subject).replaceAll('*', '%2A')}.${EXTENSIONS[schemaType] ?? schemaType.toLowerCase()}`
  return { subject, version, id, schema, schemaType, references, file }
}

/** Writes the schemas, and notes them beside those that are there already. */
export function writeSchemaFiles(directory: string, files: readonly SchemaFile[]): void {
  mkdirSync(directory, { recursive: true })
  for (const { file, schema, schemaType } of files) writeFileSync(join(directory, file), printed(schema, schemaType))
  const subjects = new Set(files.map(({ subject }) => subject))
  const noted: Noted[] = files.map(({ schema: _schema, ...rest }) => rest)
  const others = readIndex(directory).filter(({ subject }) => !subjects.has(subject))
  const all = [...others, ...noted].sort((one, other) => (one.subject < other.subject ? -1 : 1))
  writeFileSync(join(directory, INDEX), `${JSON.stringify(all, undefined, 2)}\n`)
}

/** @throws SchemaUsageError when there is none */
export function readSchemaFiles(directory: string): readonly SchemaFile[] {
  const noted = readIndex(directory)
  if (noted.length === 0)
    throw new SchemaUsageError(`${join(directory, INDEX)} names no schema: millrace schema pull writes it`)
  return noted.map(one => ({ ...one, schema: readText(join(directory, one.file)) }))
}

export function readIndex(directory: string): readonly Noted[] {
  const path = join(directory, INDEX)
  if (!existsSync(path)) return []
  const index = JSON.parse(readText(path)) as unknown
  if (Array.isArray(index)) return index as readonly Noted[]
  throw new SchemaUsageError(`${path} is not what millrace schema pull writes: it is no list`)
}

/** @throws SchemaUsageError */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new SchemaUsageError(`${path} cannot be read: ${isMillraceError(error) ? error.problem : reasonOf(error)}`, {
      cause: error,
    })
  }
}

/** Readable, and with all digits of numbers. */
function printed(schema: string, schemaType: string): string {
  if (schemaType === 'PROTOBUF') return schema.endsWith('\n') ? schema : `${schema}\n`
  const parsed = JSON.parse(schema) as unknown
  const pretty = JSON.stringify(parsed, undefined, 2)
  return `${JSON.stringify(parsed) === schema ? pretty : schema}\n`
}
