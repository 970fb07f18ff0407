import { isMillraceError, reasonOf } from '@millrace/core'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve, sep } from 'node:path'
import type { RegistrySchema, RegistryVersion } from '../client/schema-registry.ts'
import { SchemaUsageError } from './schema-usage-error.ts'

/** What `pull` notes about its files. */
const INDEX = 'schemas.json'

export interface SchemaFile extends Required<RegistrySchema> {
  readonly subject: string
  readonly version: number
  readonly id: number
  /** Its path in the directory, with slashes. */
  readonly file: string
}

type Noted = Omit<SchemaFile, 'schema'>

const EXTENSIONS: Readonly<Record<string, string>> = { AVRO: 'avsc', PROTOBUF: 'proto', JSON: 'schema.json' }

/**
 * Where each schema goes. A .proto file that others import has the path of the import, so that protoc and buf find it.
 * @param pulled by subject
 */
export function schemaFiles(directory: string, pulled: ReadonlyMap<string, RegistryVersion>): readonly SchemaFile[] {
  const noted = readIndex(directory)
  const own = new Map([...pulled].map(([subject, found]) => [subject, fileName(subject, found.schemaType)]))
  const taken = new Set([...own.values(), ...noted.filter(({ subject }) => !pulled.has(subject)).map(one => one.file)])
  const imported = new Map<string, string>()
  for (const { schemaType, references = [] } of pulled.values()) {
    if (schemaType !== 'PROTOBUF') continue
    for (const { subject, name } of references) {
      if (!IMPORT_PATH.test(name) || (taken.has(name) && own.get(subject) !== name)) continue
      taken.add(name)
      imported.set(subject, name)
    }
  }
  return [...pulled].map(([subject, { schema, schemaType = 'AVRO', references = [], version, id }]) => {
    const before = noted.find(one => one.subject === subject && one.schemaType === schemaType)
    const file = imported.get(subject) ?? before?.file ?? own.get(subject)!
    return { subject, version, id, schema, schemaType, references, file }
  })
}

/** Within the directory. */
const IMPORT_PATH = /^(?!\.)[\w.-]+(?:\/(?!\.)[\w.-]+)*\.proto$/

function fileName(subject: string, schemaType = 'AVRO'): string {
  // Names of subjects may have any characters, such as the colons of contexts.
  const name = encodeURIComponent(subject).replaceAll('*', '%2A')
  // A subject is often the path of the file.
  if (schemaType === 'PROTOBUF' && name.endsWith('.proto')) return name
  return `${name}.${EXTENSIONS[schemaType] ?? schemaType.toLowerCase()}`
}

/** Writes the schemas, and notes them beside those that are there already. */
export function writeSchemaFiles(directory: string, files: readonly SchemaFile[]): void {
  mkdirSync(directory, { recursive: true })
  for (const { file, schema, schemaType } of files) {
    mkdirSync(dirname(join(directory, file)), { recursive: true })
    writeFileSync(join(directory, file), printed(schema, schemaType))
  }
  const subjects = new Set(files.map(({ subject }) => subject))
  const noted: Noted[] = files.map(({ schema: _schema, ...rest }) => rest)
  const before = readIndex(directory)
  for (const { subject, file } of before) {
    const path = resolve(directory, file)
    // Twice, buf and protoc would find the messages of a file that has moved to the path of its import.
    if (subjects.has(subject) && files.every(one => one.file !== file) && path.startsWith(resolve(directory) + sep))
      rmSync(path, { force: true })
  }
  const others = before.filter(({ subject }) => !subjects.has(subject))
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
