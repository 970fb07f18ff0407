import { isMillraceError } from '@millrace/core'
import { resetCommand } from './reset-command.ts'
import { UsageError } from './usage-error.ts'

const USAGE = `millrace COMMAND [options]

  reset    take an application back to where it has processed nothing

millrace COMMAND --help says more.
`

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
  if (command !== 'reset') {
    printError(`Unknown command "${command}".\n\n${USAGE}`)
    return 2
  }
  try {
    return await resetCommand(rest, print)
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
