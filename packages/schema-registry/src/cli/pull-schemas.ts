import { namesIn, versionIn } from '../client/registry-answers.ts'
import { registryRequests } from '../client/registry-requests.ts'
import type { RegistryVersion, SchemaRegistryOptions } from '../client/schema-registry.ts'
import type { SchemaOptions } from './schema-command.ts'
import { schemaFiles, writeSchemaFiles } from './schema-files.ts'
import { SchemaUsageError } from './schema-usage-error.ts'

/** Writes the schemas of subjects, and those that they refer to. */
export async function pullSchemas(
  options: SchemaOptions,
  registry: SchemaRegistryOptions,
  print: (line: string) => void,
): Promise<number> {
  const { dir = 'schemas', version = 'latest', subject: given } = options
  if (version !== 'latest' && !/^[1-9]\d*$/.test(version))
    throw new SchemaUsageError(`--version ${version} is not a number from 1, nor latest`)
  if (version !== 'latest' && given?.length !== 1) throw new SchemaUsageError('--version needs one --subject')
  const ask = registryRequests(registry)
  const subjects = given ?? (await ask('GET', '/subjects', namesIn)) ?? []
  const pulled = new Map<string, RegistryVersion>()
  const missing: string[] = []

  const pull = async (subject: string, number: string): Promise<void> => {
    const path = `/subjects/${encodeURIComponent(subject)}/versions/${number}`
    const found = await ask('GET', path, versionIn)
    if (found === undefined) {
      missing.push(number === 'latest' ? subject : `${subject}, version ${number}`)
      return
    }
    pulled.set(subject, found)
    // A schema alone says nothing about the types that it takes from elsewhere.
    for (const reference of found.references ?? []) {
      if (!pulled.has(reference.subject)) await pull(reference.subject, String(reference.version))
    }
  }
  for (const subject of subjects) await pull(subject, version)

  const files = schemaFiles(dir, pulled)
  writeSchemaFiles(dir, files)
  if (options.json === true) {
    const written = files.map(({ schema: _schema, ...noted }) => noted)
    print(JSON.stringify({ dir, files: written, missing }, undefined, 2))
  } else {
    for (const { subject, version: number, file } of files) print(`${subject} version ${number} → ${dir}/${file}`)
    for (const name of missing) print(`${name} does not exist`)
    if (files.length === 0 && missing.length === 0) print('The registry has no subjects.')
  }
  return missing.length === 0 ? 0 : 1
}
