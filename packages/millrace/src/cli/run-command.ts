import { parseArgs } from 'node:util'
import { KafkaStreams } from '@millrace/runtime'
import { UsageError } from './usage-error.ts'

export const RUN_USAGE = `millrace run MODULE [options]

Runs the application that a module exports: export default defineApplication(builder.build(), options). The module may be
TypeScript where Node.js can read it (22.18 or later). It must start nothing itself.

  --threads N   members on N threads, in place of the option "threads" of the application  (default 1)

Examples:
  millrace run app.ts
  millrace run app.ts --threads 4

SIGINT and SIGTERM stop it: it finishes the current work, commits and leaves the group. A second signal ends it at once.

The exit status is 0 after such a stop; 1 when an error has stopped it, or closing took too long; 2 for a wrong command line;
130 after a second signal.
`

interface RunArguments {
  readonly module: string
  readonly threads: number | undefined
}

/** @throws UsageError */
function parseRunArguments(args: readonly string[]): RunArguments {
  const { values, positionals } = parsed(args)
  const [module, more] = positionals
  if (module === undefined) throw new UsageError('the MODULE is missing')
  if (more !== undefined) throw new UsageError(`Unexpected argument '${more}'`)
  const { threads } = values
  if (threads !== undefined && !/^[1-9]\d{0,2}$/.test(threads)) {
    throw new UsageError(`--threads ${threads} is not a whole number from 1 to 999`)
  }
  return { module, threads: threads === undefined ? undefined : Number(threads) }
}

function parsed(args: readonly string[]) {
  const options = { threads: { type: 'string' } } as const
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

/** Runs until a signal or an error stops it. @returns the exit status */
export async function runApplication(args: readonly string[]): Promise<number> {
  const { module, threads } = parseRunArguments(args)
  const streams = await KafkaStreams.load(module, threads === undefined ? {} : { threads })
  await streams.run()
  return 0
}
