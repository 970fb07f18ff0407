import { kafka } from '@millrace/client-wire'
import { isMillraceError } from '@millrace/core'
import { forgetCommand } from './forget-command.ts'
import { optionalPackage } from './optional-package.ts'
import { resetCommand } from './reset-command.ts'
import { runApplication } from './run-command.ts'
import { UsageError } from './usage-error.ts'

const USAGE = `millrace COMMAND [options]

  run      run the application that a module exports, on one or more threads
  reset    take an application back to where it has processed nothing
  schema   schemas of a registry: files, TypeScript types, compatibility
  forget   delete the keys of a person

millrace COMMAND --help says more.
`

type Print = (line: string) => void
type Command = (args: readonly string[], print: Print, printError: Print) => Promise<number>

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['run', runApplication],
  ['reset', resetCommand],
  ['schema', runSchema],
  ['forget', forgetCommand],
])

async function runSchema(args: readonly string[], print: Print, printError: Print): Promise<number> {
  const { schemaCommand } = await optionalPackage(
    '@millrace/schema-registry',
    () => import('@millrace/schema-registry/cli'),
  )
  return await schemaCommand(args, { print, printError, kafka })
}

export interface CommandOutput {
  readonly print: (line: string) => void
  readonly printError: (line: string) => void
}

/** Runs a command line without the program's name. @returns the exit status */
export async function runCommand(args: readonly string[], { print, printError }: CommandOutput): Promise<number> {
  const [command, ...rest] = args
  if (command === undefined || command === '--help' || command === '-h') {
    print(USAGE)
    return command === undefined ? 2 : 0
  }
  const carryOut = COMMANDS.get(command)
  if (carryOut === undefined) {
    printError(`Unknown command "${command}".\n\n${USAGE}`)
    return 2
  }
  try {
    return await carryOut(rest, print, printError)
  } catch (error) {
    if (error instanceof UsageError) {
      printError(`${error.message}\nmillrace ${command} --help lists the options.`)
      return 2
    }
    if (!isMillraceError(error)) throw error
    printError(`${error.code}: ${error.problem}\n${error.hint}`)
    return 1
  }
}
