import { kafka } from '@millrace/client-wire'
import { parseArgs } from 'node:util'
import { connectionOf } from './connection-options.ts'
import { optionalPackage } from './optional-package.ts'
import { UsageError } from './usage-error.ts'

export const FORGET_USAGE = `millrace forget PERSON [options]

Deletes the keys of a person, by which fields of @millrace/personal-data are encrypted: no topic, store or changelog can be read any more where
it has data of the person. There is no way back.

  --bootstrap-server LIST      host:port,host:port  (default localhost:9092)
  --command-config FILE        JSON with more options of kafka(), such as tls and sasl
  --topic NAME                 of the keys  (default personal-keys)
  --dry-run                    only count the keys
  --json                       print the result as JSON

Examples:
  millrace forget person-17 --dry-run
  millrace forget person-17 --bootstrap-server localhost:9092

The exit status is 0 when the person is forgotten, or would be; 1 when there are no keys of that person; 2 for a wrong command line.
`

const OPTIONS = {
  'bootstrap-server': { type: 'string' },
  'command-config': { type: 'string' },
  topic: { type: 'string' },
  'dry-run': { type: 'boolean' },
  json: { type: 'boolean' },
} as const

/** Runs `millrace forget`. @returns the exit status */
export async function forgetCommand(args: readonly string[], print: (line: string) => void): Promise<number> {
  const { values, positionals } = parsed(args)
  const [subject, more] = positionals
  if (subject === undefined || subject === '') throw new UsageError('the id of the PERSON is missing')
  if (more !== undefined) throw new UsageError(`"${more}" is too much: one PERSON is forgotten at a time`)
  const { forgetPerson } = await optionalPackage('@millrace/personal-data', () => import('@millrace/personal-data'))
  const { 'bootstrap-server': brokers = 'localhost:9092', 'dry-run': dryRun = false, topic } = values
  const client = kafka({ ...(await connectionOf(values['command-config'])), brokers })
  const { keys } = await forgetPerson({ client, subject, dryRun, ...(topic !== undefined && { topic }) })
  if (values.json === true) print(JSON.stringify({ person: subject, keys, dryRun }))
  else if (keys === 0) print(`There are no keys of ${subject}: forgotten already, or never known.`)
  else print(`${keys} ${keys === 1 ? 'key' : 'keys'} of ${subject} ${dryRun ? 'would be deleted' : 'deleted'}.`)
  return keys === 0 ? 1 : 0
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}
