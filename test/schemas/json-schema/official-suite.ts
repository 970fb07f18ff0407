import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

const REPOSITORY = 'https://github.com/json-schema-org/JSON-Schema-Test-Suite.git'

export interface SuiteGroup {
  readonly description: string
  readonly schema: unknown
  readonly tests: readonly { readonly description: string; readonly data: unknown; readonly valid: boolean }[]
}

export interface SuiteFile {
  /** Such as `optional/format/date.json`. */
  readonly name: string
  readonly groups: readonly SuiteGroup[]
}

/** The folder of the official suite: the given one, or a clone that is kept. */
export async function findSuite(given: string | undefined): Promise<string> {
  if (given !== undefined) return given
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'millrace-json-schema-suite')
  const folder = join(cache, 'suite')
  if (existsSync(folder)) return folder
  await mkdir(cache, { recursive: true })
  const part = join(cache, `part-${process.pid}`)
  try {
    await run('git', ['clone', '--quiet', '--depth', '1', REPOSITORY, part])
    await rename(part, folder)
  } catch (cause) {
    await rm(part, { recursive: true, force: true })
    throw new Error(`The official suite cannot be cloned. Give a folder that has it: --suite FOLDER`, { cause })
  }
  return folder
}

export async function suiteFiles(suite: string, draft: string): Promise<readonly SuiteFile[]> {
  const folder = join(suite, 'tests', `draft${draft}`)
  const names = (await readdir(folder, { recursive: true })).filter(name => name.endsWith('.json')).sort()
  return Promise.all(
    names.map(async name => ({
      name: name.replaceAll('\\', '/'),
      groups: JSON.parse(await readFile(join(folder, name), 'utf8')) as SuiteGroup[],
    })),
  )
}

/** The schemas with this file name that the suite has at `http://localhost:1234/PATH`. */
export async function remoteSchemas(
  { suite, draft }: { readonly suite: string; readonly draft: string },
  file: string,
): Promise<readonly { readonly path: string; readonly schema: string }[]> {
  const folder = join(suite, 'remotes')
  const all = (await readdir(folder, { recursive: true })).map(name => name.replaceAll('\\', '/'))
  const fits = (name: string): boolean => name.startsWith(`draft${draft}/`) || !/^(?:draft|v1|latest)/.test(name)
  const paths = all.filter(name => fits(name) && (name === file || name.endsWith(`/${file}`)))
  return Promise.all(paths.map(async path => ({ path, schema: await readFile(join(folder, path), 'utf8') })))
}
