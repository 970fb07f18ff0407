import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * Compiles a Maven project and fetches its jars, unless that has been done for these very sources. Two processes may both do
 * it: the first wins.
 *
 * @param sources the folder with `pom.xml` and `src`
 * @param name of the cache, as `millrace-bench`
 * @param properties in place of those of the pom, such as `kafka.version`
 * @returns the class path to run it with
 * @throws when `mvn` is missing or the sources do not compile
 */
export async function buildMavenProject(
  sources: string,
  name: string,
  properties: Readonly<Record<string, string>> = {},
): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), name)
  const settings = Object.entries(properties).map(([property, value]) => `-D${property}=${value}`)
  const directory = join(cache, await hashOf(sources, settings))
  if (!existsSync(directory)) await compile({ sources, cache, directory, settings })
  return [join(directory, 'target', 'classes'), join(directory, 'target', 'lib', '*')].join(delimiter)
}

/** The folder with the jars of a class path that `buildMavenProject` has made. */
export function jarsOf(classPath: string): string {
  return dirname(classPath.split(delimiter)[1]!)
}

async function compile(how: {
  readonly sources: string
  readonly cache: string
  readonly directory: string
  readonly settings: readonly string[]
}): Promise<void> {
  const { sources, cache, directory, settings } = how
  await mkdir(cache, { recursive: true })
  const made = await mkdtemp(`${directory}.part-`)
  try {
    await cp(join(sources, 'pom.xml'), join(made, 'pom.xml'))
    await cp(join(sources, 'src'), join(made, 'src'), { recursive: true })
    const goals = ['compile', 'dependency:copy-dependencies', '-DincludeScope=runtime', '-DoutputDirectory=target/lib']
    await run('mvn', ['-q', '-B', ...settings, ...goals], { cwd: made, shell: process.platform === 'win32' })
    await rename(made, directory)
  } catch (cause) {
    await rm(made, { recursive: true, force: true })
    if (existsSync(directory)) return
    const { stdout = '', message } = cause as Error & { readonly stdout?: string }
    throw new Error(`${name(sources)} could not be built (it needs java 17 and mvn): ${stdout || message}`, { cause })
  }
}

function name(sources: string): string {
  return `the Java project in ${sources}`
}

async function hashOf(sources: string, settings: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(settings.join(' '))
  const files = await readdir(join(sources, 'src'), { recursive: true, withFileTypes: true })
  const paths = files.filter(file => file.isFile()).map(file => join(file.parentPath, file.name))
  for (const path of [join(sources, 'pom.xml'), ...paths.sort()]) {
    hash.update(path.slice(sources.length)).update(await readFile(path))
  }
  return hash.digest('hex').slice(0, 12)
}
