import { kafka } from '@millrace/client-wire'
import type { CliCommand } from './cli-command.ts'
import { consoleCommand } from './console-command.ts'
import { completionText, type Shell, SHELLS } from './completion.ts'
import { deadLettersCommand } from './dead-letters-command.ts'
import { describeCommand } from './describe-command.ts'
import { FORGET_USAGE, forgetCommand } from './forget-command.ts'
import { lagCommand } from './lag-command.ts'
import { optionalPackage } from './optional-package.ts'
import { migrateCommand } from './migrate-command.ts'
import { namedPositionals, parsedOptions } from './parsed-options.ts'
import { queryCommand } from './query-command.ts'
import { RESET_USAGE } from './reset-arguments.ts'
import { resetCommand } from './reset-command.ts'
import { RUN_USAGE, runApplication } from './run-command.ts'
import { tasksCommand } from './tasks-command.ts'
import { topCommand } from './top-command.ts'
import { topicCommand } from './topic-command.ts'
import { UsageError } from './usage-error.ts'

const COMPLETION_USAGE = `millrace completion SHELL

Prints a script that completes commands and options: bash, zsh or fish.

Examples:
  source <(millrace completion bash)
  millrace completion zsh > "\${fpath[1]}/_millrace"
  millrace completion fish > ~/.config/fish/completions/millrace.fish

The exit status is 0; 2 for a wrong command line.
`

/** Everything that `millrace` can do, in the order of its help. */
export const COMMANDS: Readonly<Record<string, CliCommand>> = {
  run: {
    summary: 'run the application that a module exports, on one or more threads',
    usage: RUN_USAGE,
    run: args => runApplication(args),
  },
  describe: describeCommand,
  lag: lagCommand,
  tasks: tasksCommand,
  top: topCommand,
  console: consoleCommand,
  query: queryCommand,
  topic: topicCommand,
  'dead-letters': deadLettersCommand,
  migrate: migrateCommand,
  reset: {
    summary: 'take an application back to where it has processed nothing',
    usage: RESET_USAGE,
    run: (args, { print }) => resetCommand(args, print),
  },
  schema: {
    summary: 'schemas of a registry: files, TypeScript types, compatibility',
    // The package brings its own.
    usage: '',
    async run(args, { print, printError }) {
      const { schemaCommand } = await optionalPackage(
        '@millrace/schema-registry',
        () => import('@millrace/schema-registry/cli'),
      )
      return await schemaCommand(args, { print, printError, kafka })
    },
  },
  forget: {
    summary: 'delete the keys of a person',
    usage: FORGET_USAGE,
    run: (args, { print }) => forgetCommand(args, print),
  },
  completion: {
    summary: 'a script for the completion of a shell',
    usage: COMPLETION_USAGE,
    subcommands: SHELLS,
    run(args, { print }) {
      const [shell] = namedPositionals(parsedOptions(args, {}).positionals, 'SHELL')
      if (!SHELLS.includes(shell as Shell)) throw new UsageError(`"${shell}" is not ${SHELLS.join(', ')}`)
      print(completionText(shell as Shell, COMMANDS))
      return Promise.resolve(0)
    },
  },
}
