import { reasonOf } from '@millrace/core'
import { basename, relative, sep } from 'node:path'
import { levelIn, numbersIn, schemaIn } from '../client/registry-answers.ts'
import { registryRequests } from '../client/registry-requests.ts'
import type { SchemaRegistryOptions } from '../client/schema-registry.ts'
import { type Finding, findingsOf } from './compatibility-findings.ts'
import type { SchemaOptions } from './schema-command.ts'
import { readIndex, readText } from './schema-files.ts'
import { SchemaUsageError } from './schema-usage-error.ts'
import { parseWithReferences, type TypedSchema } from './typed-schema.ts'

const DIRECTIONS = ['backward', 'forward', 'full'] as const
type Direction = (typeof DIRECTIONS)[number]

interface Level {
  readonly direction: Direction | 'none'
  readonly transitive: boolean
}

/** What came of one file. */
interface Checked {
  readonly file: string
  readonly subject: string | undefined
  readonly level: string
  readonly compatible: boolean
  /** Versions that it was compared with; a file is one without a number. */
  readonly against: readonly (number | string)[]
  readonly findings: readonly (Finding & { readonly version: number | string })[]
}

/** Says whether each file may follow the versions of its subject. */
export async function checkSchemas(
  files: readonly string[],
  options: SchemaOptions,
  registry: SchemaRegistryOptions,
  print: (line: string) => void,
): Promise<number> {
  if (files.length === 0) throw new SchemaUsageError('schema check needs at least one FILE')
  if (files.length > 1 && options.subject !== undefined) throw new SchemaUsageError('--subject needs one FILE')
  if (options.against !== undefined && options.level === undefined)
    throw new SchemaUsageError('--against needs --level')
  const level = givenLevel(options)
  const results: Checked[] = []
  for (const file of files) results.push(await checkFile(file, level, options, registry))
  if (options.json === true) print(JSON.stringify(results, undefined, 2))
  else for (const result of results) printResult(result, print)
  return results.every(({ compatible }) => compatible) ? 0 : 1
}

async function checkFile(
  file: string,
  given: Level | undefined,
  options: SchemaOptions,
  registry: SchemaRegistryOptions,
): Promise<Checked> {
  const noted = notedFor(file, options.dir ?? 'schemas')
  const ask = registryRequests(registry)
  const own = {
    schema: readText(file),
    schemaType: noted?.schemaType ?? typeOf(file),
    references: noted?.references ?? [],
  }
  if (options.against !== undefined) {
    const other = { schema: readText(options.against), schemaType: typeOf(options.against), references: [] }
    const [schema, old] = [await parsed(own, ask, file), await parsed(other, ask, options.against)]
    const findings = findingsOf(schema, old, given!.direction).map(one => ({ ...one, version: options.against! }))
    return {
      file,
      subject: undefined,
      level: nameOf(given!),
      compatible: findings.length === 0,
      against: [options.against],
      findings,
    }
  }
  const subject =
    options.subject?.[0] ??
    noted?.subject ??
    decodeURIComponent(basename(file).replace(/\.(avsc|proto|schema\.json|json)$/, ''))
  const path = `/subjects/${encodeURIComponent(subject)}/versions`
  const versions = (await ask('GET', path, numbersIn)) ?? []
  const level = given ?? (await registryLevel(subject, ask))
  const compared = level.direction === 'none' ? [] : level.transitive ? versions.toReversed() : versions.slice(-1)
  const schema = await parsed(own, ask, file)
  const findings: (Finding & { readonly version: number })[] = []
  for (const version of compared) {
    const found = await ask('GET', `${path}/${version}`, schemaIn)
    if (found === undefined) continue
    const old = await parsed(found, ask, `version ${version} of ${subject}`)
    findings.push(...findingsOf(schema, old, level.direction).map(one => ({ ...one, version })))
  }
  return { file, subject, level: nameOf(level), compatible: findings.length === 0, against: compared, findings }
}

/** What pull has noted of a file: of the same one, or of one with its name. */
function notedFor(file: string, dir: string): ReturnType<typeof readIndex>[number] | undefined {
  const index = readIndex(dir)
  const path = relative(dir, file).split(sep).join('/')
  return index.find(one => one.file === path) ?? index.find(one => one.file === basename(file))
}

async function parsed(
  schema: Parameters<typeof parseWithReferences>[0],
  ask: Parameters<typeof parseWithReferences>[1],
  what: string,
): Promise<TypedSchema> {
  try {
    return await parseWithReferences(schema, ask)
  } catch (error) {
    if (error instanceof SchemaUsageError) throw error
    throw new SchemaUsageError(`${what} is no schema: ${reasonOf(error)}`, { cause: error })
  }
}

function givenLevel({ level, transitive = false }: SchemaOptions): Level | undefined {
  if (level === undefined) {
    if (transitive) throw new SchemaUsageError('--transitive needs --level')
    return undefined
  }
  const direction = DIRECTIONS.find(name => name === level.toLowerCase())
  if (direction === undefined) throw new SchemaUsageError(`--level ${level} is none of ${DIRECTIONS.join(', ')}`)
  return { direction, transitive }
}

async function registryLevel(subject: string, ask: ReturnType<typeof registryRequests>): Promise<Level> {
  const path = `/config/${encodeURIComponent(subject)}?defaultToGlobal=true`
  const name = ((await ask('GET', path, levelIn)) ?? 'BACKWARD').toLowerCase()
  return {
    direction: DIRECTIONS.find(direction => name.startsWith(direction)) ?? 'none',
    transitive: name.endsWith('_transitive'),
  }
}

function nameOf({ direction, transitive }: Level): string {
  return transitive ? `${direction}, transitively` : direction
}

function typeOf(file: string): string {
  if (file.endsWith('.proto')) return 'PROTOBUF'
  return file.endsWith('.avsc') ? 'AVRO' : 'JSON'
}

function printResult(
  { file, subject, level, compatible, against, findings }: Checked,
  print: (line: string) => void,
): void {
  const compared = against.map(version => (typeof version === 'number' ? `version ${version}` : version)).join(', ')
  if (compatible) {
    const reason =
      level === 'none'
        ? 'the registry checks nothing'
        : against.length === 0
          ? `${subject} has no versions yet`
          : `${level} compatible with ${compared}`
    return print(`ok      ${file}: ${reason}`)
  }
  print(`REFUSED ${file}: not ${level} compatible${subject === undefined ? '' : ` under ${subject}`}`)
  for (const { version, reader, field, problem } of findings) {
    const data = reader === 'new' ? 'the new schema cannot read old data' : 'the old schema cannot read new data'
    // A path in JSON Schema and Protobuf was found in the sentence.
    const where = field === undefined || problem.includes(`'${field}'`) ? '' : `${field}: `
    print(`  ${typeof version === 'number' ? `version ${version}` : version}: ${data}: ${where}${problem}`)
  }
}
