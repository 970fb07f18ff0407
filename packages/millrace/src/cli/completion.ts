import type { CliCommand } from './cli-command.ts'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

type Commands = Readonly<Record<string, CliCommand>>

/** A script that completes commands, subcommands and options. Everything else is completed as file names. */
export function completionText(shell: Shell, commands: Commands): string {
  return SCRIPTS[shell](commands)
}

/** The options that a usage text lists, each at the beginning of a line. */
function optionsOf({ usage }: CliCommand): readonly string[] {
  return [...new Set([...usage.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, option]) => option!)), '--help']
}

function wordsOf(command: CliCommand): readonly string[] {
  return [...(command.subcommands ?? []), ...optionsOf(command)]
}

const SCRIPTS: Readonly<Record<Shell, (commands: Commands) => string>> = {
  bash: commands => `_millrace() {
  local current=\${COMP_WORDS[COMP_CWORD]} words
  if [ "$COMP_CWORD" -eq 1 ]; then
    words='${Object.keys(commands).join(' ')} --help'
  else
    case \${COMP_WORDS[1]} in
${Object.entries(commands)
  .map(([name, command]) => `      ${name}) words='${wordsOf(command).join(' ')}' ;;`)
  .join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -o bashdefault -F _millrace millrace`,

  zsh: commands => `#compdef millrace
_millrace() {
  local -a choices
  if (( CURRENT == 2 )); then
    choices=(
${Object.entries(commands)
  .map(([name, { summary }]) => `      ${quoted(`${name}:${summary.replaceAll(':', '\\:')}`)}`)
  .join('\n')}
    )
    _describe command choices
    return
  fi
  case $words[2] in
${Object.entries(commands)
  .map(([name, command]) => `    ${name}) choices=(${wordsOf(command).join(' ')}) ;;`)
  .join('\n')}
  esac
  compadd -a choices
  _files
}
if [ "$funcstack[1]" = _millrace ]; then _millrace "$@"; else compdef _millrace millrace; fi`,

  fish: commands =>
    Object.entries(commands)
      .flatMap(([name, command]) => {
        const seen = `-n '__fish_seen_subcommand_from ${name}'`
        const { summary, subcommands = [] } = command
        return [
          `complete -c millrace -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
          ...(subcommands.length > 0 ? [`complete -c millrace ${seen} -a '${subcommands.join(' ')}'`] : []),
          ...optionsOf(command).map(option => `complete -c millrace ${seen} -l ${option.slice(2)}`),
        ]
      })
      .join('\n'),
}

function quoted(words: string): string {
  return `'${words.replaceAll("'", `'\\''`)}'`
}
