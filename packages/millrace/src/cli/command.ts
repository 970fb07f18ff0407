import { isMillraceError } from '@millrace/core'
import { resetCommand } from './reset-command.ts'
import { runApplication } from './run-command.ts'
import { UsageError } from './usage-error.ts'

const USAGE = `millrace COMMAND [options]

  run      run the application that a module exports, on one or more threads
  reset    take an application back to where it has processed nothing

millrace COMMAND --help says more.
`

const COMMANDS = new Map([
  ['run', runApplication],
  ['reset', resetCommand],
])

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
    return await carryOut(rest, print)
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
