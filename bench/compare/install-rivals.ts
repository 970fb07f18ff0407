import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, readdir, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { madeOnce } from '../../scripts/made-once.ts'
import { type Rival, RIVALS, type RivalName } from '../rivals/rivals.ts'
import type { Contender } from './contenders.ts'

const run = promisify(execFile)

const FOLDERS = fileURLToPath(new URL('../rivals/', import.meta.url))

/**
 * Installs rivals outside the repository, unless that has been done for these very files.
 *
 * @param log is told in one line which rival is left out, and why
 */
export async function installRivals(
  names: readonly RivalName[],
  log: (line: string) => void,
): Promise<Readonly<Partial<Record<RivalName, Contender>>>> {
  const installed: Partial<Record<RivalName, Contender>> = {}
  for (const name of names) {
    try {
      installed[name] = rivalContender(name, await install(join(FOLDERS, name), name, RIVALS[name].install))
    } catch (error) {
      log(`${name} is left out, since it could not be installed: ${reasonOf(error)}`)
    }
  }
  return installed
}

function rivalContender(name: RivalName, directory: string): Contender {
  const rival: Rival = RIVALS[name]
  const [command, ...args] = rival.program.map(part => located(directory, part)) as [string, ...string[]]
  return { name, rival, command: options => [command, ...args, JSON.stringify(options)] }
}

/**
 * A copy of the folder in the cache, in which the rival's commands have run.
 *
 * @returns the path of the copy
 * @throws when a command is missing or fails
 */
export async function install(
  folder: string,
  name: string,
  commands: Rival['install'],
  cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'millrace-bench-rivals'),
): Promise<string> {
  const directory = join(cache, `${name}-${await hashOf(folder, commands)}`)
  return madeOnce(directory, async made => {
    await cp(folder, made, { recursive: true })
    for (const [command, ...args] of commands) await run(located(made, command), args, { cwd: made })
  })
}

function located(directory: string, part: string): string {
  return part.startsWith('./') ? resolve(directory, part) : part
}

async function hashOf(folder: string, commands: Rival['install']): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(commands))
  const files = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = files.filter(file => file.isFile()).map(file => join(file.parentPath, file.name))
  for (const path of paths.sort()) hash.update(path.slice(folder.length)).update(await readFile(path))
  return hash.digest('hex').slice(0, 12)
}

const REASON_LENGTH = 300

/** One line of what an installer said: the lines with errors, if it marks them, without its warnings and retries. */
export function reasonOf(error: unknown): string {
  const { stderr = '', message } = error as Error & { readonly stderr?: string }
  const lines = stderr
    .split('\n')
    .map(line => line.trim())
    .filter(Boolean)
  const errors = lines.filter(line => /\berror\b/i.test(line))
  return (errors.length > 0 ? errors : lines).join('; ').slice(0, REASON_LENGTH) || message
}
