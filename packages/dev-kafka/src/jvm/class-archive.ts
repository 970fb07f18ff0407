import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { combinedModeConfig, commonBrokerConfig } from '../broker-config.ts'
import { freePorts } from '../free-ports.ts'
import type { KafkaRelease } from '../kafka-release.ts'
import { kafkaUuid } from '../kafka-uuid.ts'
import { probeCluster } from '../probe/probe-cluster.ts'
import { untilAnswer } from '../probe/until-answer.ts'
import { withLock } from './directory-lock.ts'
import { formatStorage } from './format-storage.ts'
import type { InstalledBroker } from './install-broker.ts'
import { javaArguments } from './java-arguments.ts'
import type { Java } from './java-tools.ts'
import { propertiesText } from './properties-text.ts'
import { startSupervisor } from './supervisor.ts'

/**
 * The JVM's archive of the broker's classes, already parsed and verified: it halves the time of a start. Made once per
 * installation and Java by a broker that starts and stops; undefined where that failed, for it is only a help.
 */
export async function classArchive(
  installed: InstalledBroker,
  release: KafkaRelease,
  java: Java,
  log: (line: string) => void,
): Promise<string | undefined> {
  // An archive fits the one build of Java that wrote it.
  const key = createHash('sha256').update(java.version).digest('hex').slice(0, 8)
  const archive = join(installed.directory, `classes-${key}.jsa`)
  if (!existsSync(archive)) {
    await withLock(`${archive}.lock`, async () => {
      if (existsSync(archive)) return
      log(`preparing Kafka ${release.release} for quick starts`)
      await recordClasses(installed, release, java, archive).catch((error: Error) =>
        log(`that failed: ${error.message}`),
      )
    })
  }
  return existsSync(archive) ? archive : undefined
}

async function recordClasses(
  installed: InstalledBroker,
  release: KafkaRelease,
  java: Java,
  archive: string,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'dev-kafka-'))
  const supervisor = startSupervisor(directory)
  try {
    const [port = 0, controllerPort = 0] = await freePorts(2)
    const broker = { id: 1, host: '127.0.0.1', port, controllerPort }
    const data = join(directory, 'data')
    const settings = join(directory, 'broker.properties')
    await formatStorage(data, kafkaUuid(), broker.id, installed.formattedStorage)
    await writeFile(
      settings,
      propertiesText(combinedModeConfig(broker, [broker], data, commonBrokerConfig(1, release, {}))),
    )
    // The JVM writes the archive when it ends, and must not be seen before it is whole.
    const part = join(directory, 'classes.jsa')
    const args = [`-XX:ArchiveClassesAtExit=${part}`, ...javaArguments(installed, settings, 'start', undefined)]
    await supervisor.spawn('broker', java.command, args, join(directory, 'broker.log'))
    await untilAnswer(
      async () => (await probeCluster(broker.host, broker.port)).length === 1,
      () => supervisor.status('broker'),
      60_000,
    )
    await supervisor.signal('broker', 'SIGTERM')
    await moveFile(part, archive)
  } finally {
    await supervisor.end()
  }
}

/** A copy first, since the two may be on different file systems. */
async function moveFile(from: string, to: string): Promise<void> {
  const beside = `${to}.part-${process.pid}`
  try {
    await copyFile(from, beside)
    await rename(beside, to)
  } finally {
    await rm(beside, { force: true })
  }
}
