import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { combinedModeConfig } from '../broker-config.ts'
import { DevKafkaError } from '../dev-kafka-error.ts'
import type { KafkaRelease } from '../kafka-release.ts'
import { withLock } from './directory-lock.ts'
import { findMaven, type Java } from './java-tools.ts'
import { brokerPom } from './maven-pom.ts'
import { propertiesText } from './properties-text.ts'

const run = promisify(execFile)

/** A Kafka release on this machine, shared by all processes of the user and never changed. */
export interface InstalledBroker {
  readonly directory: string
  /** All jars, joined as the JVM wants them. */
  readonly classPath: string
  /** What `StorageTool format` wrote: beside `meta.properties` the first metadata records, with features and nothing of a cluster. */
  readonly formattedStorage: string
}

/** `$XDG_CACHE_HOME/dev-kafka`, or what takes its place on this system. `DEV_KAFKA_CACHE` says otherwise. */
function cacheDirectory(env: Readonly<Record<string, string | undefined>> = process.env): string {
  if (env['DEV_KAFKA_CACHE']) return env['DEV_KAFKA_CACHE']
  if (env['XDG_CACHE_HOME']) return join(env['XDG_CACHE_HOME'], 'dev-kafka')
  if (process.platform === 'win32') return join(env['LOCALAPPDATA'] ?? tmpdir(), 'dev-kafka')
  return join(homedir(), '.cache', 'dev-kafka')
}

/** Where a release is, or will be: named for all that its content depends on. */
export function installDirectory(release: KafkaRelease, cache = cacheDirectory()): string {
  const content = JSON.stringify([brokerPom(release.release), release.formatArguments, release.config])
  const key = createHash('sha256').update(content).digest('hex').slice(0, 8)
  return join(cache, `kafka-${release.release}-${key}`)
}

/**
 * Gives the release from `directory`, or fetches it with Maven first: some 45 MB, once per user and release.
 *
 * The storage is formatted here, once, because that costs a JVM start; each broker then gets a copy of the result.
 *
 * @throws DevKafkaError `DEV_KAFKA_DOWNLOAD_FAILED`
 */
export async function installBroker(
  release: KafkaRelease,
  java: Java,
  log: (line: string) => void,
  directory = installDirectory(release),
): Promise<InstalledBroker> {
  if (!existsSync(directory)) {
    await mkdir(join(directory, '..'), { recursive: true })
    await withLock(`${directory}.lock`, async () => {
      if (existsSync(directory)) return
      log(`fetching Kafka ${release.release} from Maven Central into ${directory}`)
      await download(release, java, directory)
    })
  }
  const lib = join(directory, 'lib')
  const jars = (await readdir(lib)).filter(name => name.endsWith('.jar')).sort()
  return {
    directory,
    classPath: jars.map(jar => join(lib, jar)).join(delimiter),
    formattedStorage: join(directory, 'storage'),
  }
}

/** Everything is made in a directory beside the final one, which then appears complete or not at all. */
async function download(release: KafkaRelease, java: Java, directory: string): Promise<void> {
  const made = await mkdtemp(`${directory}.part-`)
  try {
    const maven = await findMaven()
    if (typeof maven !== 'string') throw new Error(maven.missing)
    const pom = join(made, 'pom.xml')
    await writeFile(pom, brokerPom(release.release))
    const copy = ['dependency:copy-dependencies', `-DoutputDirectory=${join(made, 'lib')}`]
    await run(maven, ['-q', '-B', '-f', pom, ...copy], { shell: maven.endsWith('.cmd') })
    await formatStorage(release, java, made)
    await rename(made, directory)
  } catch (cause) {
    await rm(made, { recursive: true, force: true })
    // Somebody else was quicker, which the lock cannot rule out altogether.
    if (existsSync(directory)) return
    throw new DevKafkaError(
      'DEV_KAFKA_DOWNLOAD_FAILED',
      `Kafka ${release.release} could not be downloaded: ${outputOf(cause)}`,
      'Maven must reach Maven Central or a mirror of it (settings.xml). Or set KAFKA_BROKERS to a running Kafka.',
      { cause },
    )
  }
}

async function formatStorage(release: KafkaRelease, java: Java, made: string): Promise<void> {
  // Nothing listens here: the address only has to be well formed.
  const address = { id: 1, host: '127.0.0.1', port: 9092, controllerPort: 9093 }
  const settings = join(made, 'format.properties')
  await writeFile(
    settings,
    propertiesText(combinedModeConfig(address, [address], join(made, 'storage'), release.config)),
  )
  const format = ['format', '-t', 'dev-kafka-format-once0', '-c', settings, ...release.formatArguments]
  await run(java.command, [
    '-XX:TieredStopAtLevel=1',
    '-cp',
    join(made, 'lib', '*'),
    'kafka.tools.StorageTool',
    ...format,
  ])
}

function outputOf(error: unknown): string {
  const { stdout = '', stderr = '', message = '' } = error as { stdout?: string; stderr?: string; message?: string }
  return `${stdout}${stderr}`.trim() || message
}
