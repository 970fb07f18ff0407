export interface CommandOutput {
  readonly print: (line: string) => void
  readonly printError: (line: string) => void
  /** The lines of the standard input. @default none */
  readonly input?: AsyncIterable<string>
  /** Ends what would go on, such as `top`. @default SIGINT and SIGTERM of the process */
  readonly signal?: AbortSignal
}

/** A command of `millrace`. Its options are those of its usage text, from which completions are made. */
export interface CliCommand {
  /** For the list of commands. */
  readonly summary: string
  readonly usage: string
  /** The words that may come first, such as `read` of `topic`. */
  readonly subcommands?: readonly string[]
  /** Runs without the command's own name. Help is given already. @returns the exit status */
  run(args: readonly string[], output: CommandOutput): Promise<number>
}
