import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, readdir, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { madeOnce } from './made-once.ts'

const run = promisify(execFile)

/**
 * Compiles a Maven project and fetches its jars, unless that has been done for these very sources.
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
  await madeOnce(directory, made => compile(sources, made, settings))
  return [join(directory, 'target', 'classes'), join(directory, 'target', 'lib', '*')].join(delimiter)
}

/** The folder with the jars of a class path that `buildMavenProject` has made. */
export function jarsOf(classPath: string): string {
  return dirname(classPath.split(delimiter)[1]!)
}

async function compile(sources: string, made: string, settings: readonly string[]): Promise<void> {
  try {
    await cp(join(sources, 'pom.xml'), join(made, 'pom.xml'))
    await cp(join(sources, 'src'), join(made, 'src'), { recursive: true })
    const goals = ['compile', 'dependency:copy-dependencies', '-DincludeScope=runtime', '-DoutputDirectory=target/lib']
    await run('mvn', ['-q', '-B', ...settings, ...goals], { cwd: made, shell: process.platform === 'win32' })
  } catch (cause) {
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
