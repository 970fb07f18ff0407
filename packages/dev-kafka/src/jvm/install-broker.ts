import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { combinedModeConfig, propertiesText } from '../broker-config.ts'
import { DevKafkaError } from '../dev-kafka-error.ts'
import type { KafkaRelease } from '../kafka-release.ts'
import { withLock } from './directory-lock.ts'
import type { JavaTools } from './java-tools.ts'
import { brokerPom } from './maven-pom.ts'

const run = promisify(execFile)

/** A Kafka release on this machine, shared by all processes of the user and never changed. */
export interface InstalledBroker {
  /** All jars, joined as the JVM wants them. */
  readonly classPath: string
  /** The cluster's first metadata records as `StorageTool format` wrote them: features, nothing of a single cluster. */
  readonly bootstrapCheckpoint: string
}

/** `$XDG_CACHE_HOME/dev-kafka`, or what takes its place on this system. */
export function cacheDirectory(env: Readonly<Record<string, string | undefined>> = process.env): string {
  if (env['DEV_KAFKA_CACHE']) return env['DEV_KAFKA_CACHE']
  if (env['XDG_CACHE_HOME']) return join(env['XDG_CACHE_HOME'], 'dev-kafka')
  if (process.platform === 'win32') return join(env['LOCALAPPDATA'] ?? tmpdir(), 'dev-kafka')
  const home = homedir()
  return existsSync(home) ? join(home, '.cache', 'dev-kafka') : join(tmpdir(), 'dev-kafka-cache')
}

/**
 * Gives the release from the cache, or fetches it with Maven first: some 45 MB, once per user and release.
 *
 * The storage is formatted here, once, because that costs a JVM start; each broker then gets a copy of the result.
 *
 * @throws DevKafkaError `DEV_KAFKA_DOWNLOAD_FAILED`
 */
export async function installBroker(
  release: KafkaRelease,
  tools: JavaTools,
  log: (line: string) => void,
  cache = cacheDirectory(),
): Promise<InstalledBroker> {
  const pom = brokerPom(release.release)
  // What the directory's content depends on; a newer version of this package must not find an older one's.
  const key = createHash('sha256').update(JSON.stringify([pom, release.formatArguments, release.config])).digest('hex')
  const home = join(cache, `kafka-${release.release}-${key.slice(0, 8)}`)
  if (!existsSync(home)) {
    await mkdir(cache, { recursive: true })
    await withLock(`${home}.lock`, async () => {
      if (!existsSync(home)) await download(release, pom, tools, home, log)
    })
  }
  const jars = (await readdir(join(home, 'lib'))).filter((name) => name.endsWith('.jar')).sort()
  return {
    classPath: jars.map((jar) => join(home, 'lib', jar)).join(process.platform === 'win32' ? ';' : ':'),
    bootstrapCheckpoint: join(home, 'storage', 'bootstrap.checkpoint'),
  }
}

/** Everything is made in a directory beside `home`, which then appears complete or not at all. */
async function download(
  release: KafkaRelease,
  pom: string,
  tools: JavaTools,
  home: string,
  log: (line: string) => void,
): Promise<void> {
  log(`fetching Kafka ${release.release} from Maven Central into ${home}`)
  const made = await mkdtemp(`${home}.part-`)
  try {
    const pomFile = join(made, 'pom.xml')
    await writeFile(pomFile, pom)
    const lib = join(made, 'lib')
    await run(tools.maven, ['-q', '-B', '-f', pomFile, 'dependency:copy-dependencies', `-DoutputDirectory=${lib}`], {
      shell: tools.maven.endsWith('.cmd'),
    })
    await formatStorage(release, tools, made)
    await rename(made, home)
  } catch (cause) {
    await rm(made, { recursive: true, force: true })
    // Somebody else was quicker, as the lock cannot rule out altogether.
    if (existsSync(home)) return
    throw new DevKafkaError(
      'DEV_KAFKA_DOWNLOAD_FAILED',
      `Kafka ${release.release} could not be fetched: ${outputOf(cause)}`,
      'Maven must reach Maven Central or a mirror of it (settings.xml). Or set KAFKA_BROKERS to a Kafka that runs.',
      { cause },
    )
  }
}

async function formatStorage(release: KafkaRelease, tools: JavaTools, made: string): Promise<void> {
  // Nothing listens here: the address only has to be well formed.
  const address = { id: 1, host: '127.0.0.1', port: 9092, controllerPort: 9093 }
  const settings = join(made, 'format.properties')
  await writeFile(settings, propertiesText(combinedModeConfig(address, [address], join(made, 'storage'), release.config)))
  const format = ['format', '-t', 'dev-kafka-format-once0', '-c', settings, ...release.formatArguments]
  await run(tools.java, ['-XX:TieredStopAtLevel=1', '-cp', join(made, 'lib', '*'), 'kafka.tools.StorageTool', ...format])
}

function outputOf(error: unknown): string {
  const { stdout = '', stderr = '', message = '' } = error as { stdout?: string; stderr?: string; message?: string }
  return `${stdout}${stderr}`.trim() || message
}
