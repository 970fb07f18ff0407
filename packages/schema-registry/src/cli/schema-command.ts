import { type ClientFactory, isMillraceError } from '@millrace/core'
import { parseArgs } from 'node:util'
import type { SchemaRegistryOptions } from '../client/schema-registry.ts'
import { checkSchemas } from './check-schemas.ts'
import { generateTypes } from './generate-types.ts'
import { pullSchemas } from './pull-schemas.ts'
import { readText } from './schema-files.ts'
import { SchemaUsageError } from './schema-usage-error.ts'
import { serveRegistry } from './serve-registry.ts'

export interface SchemaCommandContext {
  readonly print: (line: string) => void
  readonly printError: (line: string) => void
  /** For `registry`. */
  readonly kafka: (options: { readonly brokers: string }) => ClientFactory
  /** @default `process.env` */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Ends `registry`. @default SIGINT and SIGTERM */
  readonly signal?: AbortSignal
}

export const SCHEMA_USAGE = `millrace schema COMMAND [options]

  pull       write the schemas of a registry to files
  generate   write TypeScript types for the files
  check      say whether files may follow the versions of their subjects, and why not
  registry   run a registry with Confluent's REST API

Options of pull:
  --subject NAME        only this subject; may be repeated  (default: all)
  --version N           of one subject  (default: the latest)
  --dir DIR             where the files go  (default ./schemas)

Options of generate, for Avro and JSON Schema:
  --subject NAME        only this subject; may be repeated  (default: all)
  --dir DIR             where the files are  (default ./schemas)
  --out DIR             where the types go  (default: the same)
  --longs KIND          of Avro: number or bigint, as the option of avro()  (default number)
  --logical-types LIST  of Avro: asDate, asBigint, asText, asScaled, asParts; later ones win

Options of check FILE…:
  --subject NAME        of one file  (default: the name of the file, or what pull has noted)
  --level LEVEL         backward, forward or full  (default: as the registry has it for the subject)
  --transitive          against all versions, not only the latest
  --against FILE        against a file, without a registry; needs --level
  --dir DIR             where pull has written what it knows of the files  (default ./schemas)

Options of registry:
  --bootstrap-server LIST  keep the schemas in a topic of this Kafka  (default: in memory)
  --topic NAME             (default _schemas)
  --port N, --host NAME    (default 8081, 127.0.0.1)

Options of all that ask a registry:
  --registry URL        or SCHEMA_REGISTRY_URL; several with commas  (default http://localhost:8081)
  --user NAME:PASSWORD  or SCHEMA_REGISTRY_USER
  --token TOKEN         or SCHEMA_REGISTRY_TOKEN
  --ca FILE             certificate authorities of the registry, in PEM
  --cert FILE, --key FILE  certificate and key of this client, in PEM, for mutual TLS

  --json                print the result as JSON

The exit status is 0 when it is done, or a schema may be registered; 1 when not; 2 for a wrong command line.
`

const text = { type: 'string' } as const
const OPTIONS = {
  subject: { type: 'string', multiple: true },
  version: text,
  dir: text,
  out: text,
  longs: text,
  'logical-types': text,
  level: text,
  transitive: { type: 'boolean' },
  against: text,
  'bootstrap-server': text,
  topic: text,
  port: text,
  host: text,
  registry: text,
  user: text,
  token: text,
  ca: text,
  cert: text,
  key: text,
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

const CONNECTING = ['registry', 'user', 'token', 'ca', 'cert', 'key'] as const

/** The options that each command has besides `--help`. */
const ALLOWED = {
  pull: ['subject', 'version', 'dir', ...CONNECTING, 'json'],
  generate: ['subject', 'dir', 'out', 'longs', 'logical-types', 'json'],
  check: ['subject', 'level', 'transitive', 'against', 'dir', ...CONNECTING, 'json'],
  registry: ['bootstrap-server', 'topic', 'port', 'host'],
} as const

export type SchemaOptions = ReturnType<typeof parsed>['values']

/** Runs `millrace schema`, with what follows these words. @returns the exit status */
export async function schemaCommand(args: readonly string[], context: SchemaCommandContext): Promise<number> {
  const { print, printError } = context
  const [command, ...rest] = args
  if (command === undefined || command === '--help' || command === '-h') {
    print(SCHEMA_USAGE)
    return command === undefined ? 2 : 0
  }
  try {
    if (!isCommand(command)) throw new SchemaUsageError(`Unknown command "schema ${command}".`)
    const { values, positionals } = parsed(rest)
    if (values.help === true) {
      print(SCHEMA_USAGE)
      return 0
    }
    const unknown = Object.keys(values).find(name => !(ALLOWED[command] as readonly string[]).includes(name))
    if (unknown !== undefined) throw new SchemaUsageError(`schema ${command} has no option --${unknown}`)
    if (command !== 'check' && positionals.length > 0)
      throw new SchemaUsageError(`schema ${command} takes no "${positionals[0]}"`)
    switch (command) {
      case 'pull':
        return await pullSchemas(values, registryOf(values, context.env ?? process.env), print)
      case 'generate':
        return generateTypes(values, print)
      case 'check':
        return await checkSchemas(positionals, values, registryOf(values, context.env ?? process.env), print)
      case 'registry':
        return await serveRegistry(values, context)
    }
  } catch (error) {
    if (error instanceof SchemaUsageError) {
      printError(`${error.message}\nmillrace schema --help lists the commands and their options.`)
      return 2
    }
    if (!isMillraceError(error)) throw error
    printError(`${error.code}: ${error.problem}\n${error.hint}`)
    return 1
  }
}

function isCommand(name: string): name is keyof typeof ALLOWED {
  return Object.hasOwn(ALLOWED, name)
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw new SchemaUsageError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

function registryOf(values: SchemaOptions, env: Readonly<Record<string, string | undefined>>): SchemaRegistryOptions {
  const url = (values.registry ?? env['SCHEMA_REGISTRY_URL'] ?? 'http://localhost:8081').split(',')
  const user = values.user ?? env['SCHEMA_REGISTRY_USER']
  const token = values.token ?? env['SCHEMA_REGISTRY_TOKEN']
  const { ca, cert, key } = values
  if ((cert === undefined) !== (key === undefined)) throw new SchemaUsageError('--cert and --key belong together')
  const files = Object.entries({ ca, cert, key }).flatMap(([name, file]) =>
    file === undefined ? [] : [[name, readText(file)] as const],
  )
  const to = { url, ...(files.length > 0 && { tls: Object.fromEntries(files) }) }
  if (token !== undefined) return { ...to, auth: { token } }
  if (user === undefined) return to
  const colon = user.indexOf(':')
  if (colon < 0) throw new SchemaUsageError('--user is not of the form NAME:PASSWORD')
  return { ...to, auth: { username: user.slice(0, colon), password: user.slice(colon + 1) } }
}
