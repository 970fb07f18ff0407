import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Kafka 4 runs on Java 17 and newer. */
export const OLDEST_JAVA = 17

/** The commands that the JVM way needs, as found on this machine. */
export interface JavaTools {
  readonly java: string
  readonly maven: string
}

/** Finds `java` and `mvn`; otherwise says what is missing, in words for a developer. */
export async function findJavaTools(): Promise<{ tools: JavaTools } | { missing: readonly string[] }> {
  const java = process.env['JAVA_HOME'] ? `${process.env['JAVA_HOME']}/bin/java` : 'java'
  const maven = process.platform === 'win32' ? 'mvn.cmd' : 'mvn'
  const [javaVersion, mavenVersion] = await Promise.all([output(java, '-version'), output(maven, '--version')])
  const missing: string[] = []
  const major = javaVersion === undefined ? undefined : javaMajorVersion(javaVersion)
  if (javaVersion === undefined) missing.push(`java (${OLDEST_JAVA} or newer)`)
  else if (major === undefined || major < OLDEST_JAVA) missing.push(`java ${OLDEST_JAVA} or newer (found ${major ?? 'an unknown one'})`)
  if (mavenVersion === undefined) missing.push('mvn (Apache Maven)')
  return missing.length === 0 ? { tools: { java, maven } } : { missing }
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
