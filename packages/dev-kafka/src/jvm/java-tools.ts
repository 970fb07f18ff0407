import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Kafka 4 runs on Java 17 and newer. */
const OLDEST_JAVA = 17

/** A Java that is new enough. */
export interface Java {
  readonly command: string
  /** Tells builds apart, as `java -version` does. */
  readonly version: string
}

/** Finds `java`, that of `JAVA_HOME` first; otherwise says what is missing, in words for a developer. */
export async function findJava(): Promise<Java | { readonly missing: string }> {
  const home = process.env['JAVA_HOME']
  const command = home ? `${home}/bin/java` : 'java'
  const version = await output(command, '-version')
  if (version === undefined) return { missing: `no java (${OLDEST_JAVA} or newer)` }
  const major = javaMajorVersion(version)
  if (major !== undefined && major >= OLDEST_JAVA) return { command, version }
  return { missing: `no java ${OLDEST_JAVA} or newer (found ${major ?? 'an unknown one'})` }
}

/** Finds `mvn`, which only fetching needs. */
export async function findMaven(): Promise<string | { readonly missing: string }> {
  const command = process.platform === 'win32' ? 'mvn.cmd' : 'mvn'
  return (await output(command, '--version')) === undefined ? { missing: 'no mvn (Apache Maven)' } : command
}

/** The major version in what `java -version` prints; `1.8.0` counts as 8. */
export function javaMajorVersion(printed: string): number | undefined {
  const match = /version "(?:1\.)?(\d+)/.exec(printed)
  return match?.[1] === undefined ? undefined : Number(match[1])
}

async function output(command: string, argument: string): Promise<string | undefined> {
  try {
    // Java prints its version to stderr. Only a shell can start the batch file that Maven is on Windows.
    const { stdout, stderr } = await run(command, [argument], { shell: command.endsWith('.cmd'), timeout: 30_000 })
    return stdout + stderr
  } catch {
    return undefined
  }
}
