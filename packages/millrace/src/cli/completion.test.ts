import { readFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { runCommand } from './command.ts'
import { COMMANDS } from './commands.ts'

async function script(shell: string): Promise<string> {
  const lines: string[] = []
  const print = (line: string) => void lines.push(line)
  expect(await runCommand(['completion', shell], { print, printError: print })).toBe(0)
  return lines.join('\n')
}

it.each([
  ['millrace d', ['describe', 'dead-letters']],
  ['millrace topic r', ['read']],
  ['millrace topic read orders --fo', ['--follow']],
  ['millrace reset --to-off', ['--to-offset']],
])('bash completes %j', async (line, expected) => {
  const words = line.split(' ')
  const program = `${await script('bash')}
    COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _millrace; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr } = spawnSync('bash', ['-c', program], { encoding: 'utf8' })
  expect({ words: stdout.trim().split('\n'), stderr }).toEqual({ words: expected, stderr: '' })
})

it.each(['zsh', 'fish'])('%s knows every command and its options', async shell => {
  const text = await script(shell)
  for (const name of Object.keys(COMMANDS)) expect(text).toContain(name)
  expect(text).toMatch(shell === 'fish' ? /seen_subcommand_from lag' -l max/ : /lag\) choices=\(.*--max/)
})

it('says which shells there are', async () => {
  const lines: string[] = []
  const print = (line: string) => void lines.push(line)
  expect(await runCommand(['completion', 'csh'], { print, printError: print })).toBe(2)
  expect(lines.join('\n')).toContain('"csh" is not bash, zsh, fish')
})

it('docs/command-line.md lists each command', () => {
  const page = readFileSync(new URL('../../../../docs/command-line.md', import.meta.url), 'utf8')
  const listed = [...page.matchAll(/^\| `([\w-]+)/gmu)].map(match => match[1]!)
  expect([...new Set(listed)]).toEqual(Object.keys(COMMANDS))
})

it('each command has examples and tells its exit status', () => {
  for (const [name, { usage }] of Object.entries(COMMANDS)) {
    if (name === 'schema') continue
    expect(usage, name).toMatch(/^Examples:$/m)
    expect(usage, name).toContain('The exit status is')
  }
})
