import { readFileSync } from 'node:fs'
import { isMillraceError, similarName } from '@millrace/core'
import type { CommandOutput } from './cli-command.ts'
import { COMMANDS } from './commands.ts'
import { UsageError } from './usage-error.ts'

const WIDTH = Math.max(...Object.keys(COMMANDS).map(name => name.length))

const USAGE = `millrace COMMAND [options]

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(WIDTH)}  ${summary}`)
  .join('\n')}

millrace COMMAND --help says more, millrace --version which version this is.
`

/** Runs a command line without the program's name. @returns the exit status */
export async function runCommand(args: readonly string[], output: CommandOutput): Promise<number> {
  const { print, printError } = output
  if (args[0] === 'help') return await runCommand([...args.slice(1, 2), '--help'], output)
  const [name, ...rest] = args
  if (name === undefined || name === '--help' || name === '-h') {
    print(USAGE)
    return name === undefined ? 2 : 0
  }
  if (name === '--version' || name === '-v') {
    print(`millrace ${version()}, Node.js ${process.versions.node}`)
    return 0
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name]! : undefined
  if (command === undefined) {
    const similar = similarName(name, Object.keys(COMMANDS))
    const meant = similar === undefined ? '' : ` Did you mean "${similar}"?`
    printError(`Unknown command "${name}".${meant}\n\n${USAGE}`)
    return 2
  }
  if (command.usage !== '' && (rest.includes('--help') || rest.includes('-h'))) {
    print(command.usage)
    return 0
  }
  try {
    return await command.run(rest, output)
  } catch (error) {
    if (error instanceof UsageError) {
      printError(`${error.message}\nmillrace ${name} --help lists the options.`)
      return 2
    }
    if (!isMillraceError(error)) throw error
    printError(`${error.code}: ${error.problem}\n${error.hint}`)
    return 1
  }
}

function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { readonly version: string }).version
}
