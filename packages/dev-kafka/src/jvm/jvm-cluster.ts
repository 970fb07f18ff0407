import { existsSync, readFileSync } from 'node:fs'
import { cp, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrokerAddress, combinedModeConfig, commonBrokerConfig } from '../broker-config.ts'
import type { DevKafka } from '../dev-kafka.ts'
import { DevKafkaError } from '../dev-kafka-error.ts'
import { failureLines } from '../failure-lines.ts'
import { freePorts } from '../free-ports.ts'
import { kafkaUuid } from '../kafka-uuid.ts'
import { probeCluster } from '../probe/probe-cluster.ts'
import { untilAnswer } from '../probe/until-answer.ts'
import type { ResolvedOptions } from '../resolve-options.ts'
import { classArchive } from './class-archive.ts'
import { formatStorage } from './format-storage.ts'
import { type InstalledBroker, installBroker } from './install-broker.ts'
import { javaArguments } from './java-arguments.ts'
import type { Java } from './java-tools.ts'
import { propertiesText } from './properties-text.ts'
import { startSupervisor, type Supervisor } from './supervisor.ts'

const HOST = '127.0.0.1'
const TRIES = 3

/** Everything about one cluster of JVM brokers on this machine. */
interface Cluster {
  readonly options: ResolvedOptions
  readonly java: Java
  readonly installed: InstalledBroker
  readonly archive: string | undefined
  readonly directory: string
  readonly brokers: readonly BrokerAddress[]
  readonly supervisor: Supervisor
}

/**
 * Starts a cluster of JVM brokers: fetched on first use, formatted, started and waited for.
 *
 * @throws DevKafkaError `DEV_KAFKA_DOWNLOAD_FAILED`, `DEV_KAFKA_START_FAILED`
 */
export async function startJvmKafka(options: ResolvedOptions, java: Java): Promise<DevKafka> {
  const installed = await installBroker(options.release, java, options.log)
  const archive = await classArchive(installed, options.release, java, options.log)
  for (let attempt = 1; ; attempt++) {
    const cluster = { options, java, installed, archive, ...(await layOut(options, installed)) }
    try {
      await Promise.all(cluster.brokers.map(broker => launch(cluster, broker)))
      await untilServing(cluster, cluster.brokers)
      return handle(cluster)
    } catch (error) {
      const logs = logsOf(cluster)
      // Someone took a port between finding and binding it. With a port that was asked for, no other will do.
      const retry = attempt < TRIES && options.port === undefined && /Address already in use/i.test(logs)
      const kept = retry ? undefined : await keepLogs(cluster)
      await cluster.supervisor.end()
      if (!retry) throw startFailed(error, logs, kept)
    }
  }
}

/** Directory, addresses, formatted storage and settings of a new cluster. */
async function layOut(
  options: ResolvedOptions,
  installed: InstalledBroker,
): Promise<Pick<Cluster, 'directory' | 'brokers' | 'supervisor'>> {
  const directory = await mkdtemp(join(tmpdir(), 'dev-kafka-'))
  const supervisor = startSupervisor(directory)
  const asked = options.port
  const free = await freePorts(options.brokers * 2)
  const brokers = Array.from({ length: options.brokers }, (_, index) => ({
    id: index + 1,
    host: HOST,
    port: asked === undefined ? (free[index] as number) : asked + index,
    controllerPort: free[options.brokers + index] as number,
  }))
  const clusterId = kafkaUuid()
  const common = commonBrokerConfig(options.brokers, options.release, options.config)
  for (const broker of brokers) {
    const data = dataDirectory(directory, broker.id)
    await formatStorage(data, clusterId, broker.id, installed.formattedStorage)
    await writeFile(
      settingsFile(directory, broker.id),
      propertiesText(combinedModeConfig(broker, brokers, data, common)),
    )
  }
  return { directory, brokers, supervisor }
}

async function launch(cluster: Cluster, { id }: BrokerAddress): Promise<void> {
  const { installed, directory, options, archive } = cluster
  const args = javaArguments(installed, settingsFile(directory, id), options.tuning, archive)
  await cluster.supervisor.spawn(processName(id), cluster.java.command, args, logFile(directory, id))
}

/** Waits until each of `brokers` serves and knows at least all of them. */
async function untilServing(cluster: Cluster, brokers: readonly BrokerAddress[]): Promise<void> {
  for (const broker of brokers) {
    const knowsAll = async (): Promise<boolean> => {
      const known = await probeCluster(broker.host, broker.port)
      return brokers.every(({ id }) => known.some(other => other.id === id))
    }
    const ended = (): string | undefined => cluster.supervisor.status(processName(broker.id))
    await untilAnswer(knowsAll, ended, cluster.options.timeoutMs).catch((error: Error) => {
      throw new Error(`broker ${broker.id}: ${error.message}`)
    })
  }
}

function handle(cluster: Cluster): DevKafka {
  const { supervisor, brokers, options } = cluster
  const byId = (id: number): BrokerAddress => {
    const found = brokers.find(broker => broker.id === id)
    if (found !== undefined) return found
    const ids = brokers.map(broker => broker.id).join(', ')
    throw new DevKafkaError(
      'DEV_KAFKA_USAGE',
      `broker ${id} does not exist`,
      `The brokers are ${ids}: use one of brokerIds.`,
    )
  }
  const stop = (): Promise<void> => supervisor.end()
  return {
    brokers: brokers.map(({ host, port }) => `${host}:${port}`).join(','),
    source: 'jvm',
    version: options.release.release,
    brokerIds: brokers.map(({ id }) => id),
    stopBroker: async id => supervisor.signal(processName(byId(id).id), 'SIGTERM'),
    killBroker: async id => supervisor.signal(processName(byId(id).id), 'SIGKILL'),
    freezeBroker: async id => supervisor.signal(processName(byId(id).id), 'SIGSTOP'),
    resumeBroker: async id => supervisor.signal(processName(byId(id).id), 'SIGCONT'),
    async startBroker(id) {
      const broker = byId(id)
      await launch(cluster, broker)
      await untilServing(cluster, [broker])
    },
    logs: () => logsOf(cluster),
    dataDirectories: new Map(brokers.map(({ id }) => [id, dataDirectory(cluster.directory, id)])),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

function startFailed(cause: unknown, logs: string, kept: string | undefined): DevKafkaError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const hint = `The brokers' logs are in ${kept}. They say:\n${failureLines(logs)}`
  return new DevKafkaError('DEV_KAFKA_START_FAILED', `Kafka did not start: ${reason}`, hint, { cause })
}

/** The working directory goes away with the supervisor, so the logs are copied to one that stays. */
async function keepLogs(cluster: Cluster): Promise<string> {
  const kept = await mkdtemp(join(tmpdir(), 'dev-kafka-logs-'))
  for (const { id } of cluster.brokers) {
    for (const file of [logFile(cluster.directory, id), settingsFile(cluster.directory, id)]) {
      if (existsSync(file)) await cp(file, join(kept, file.slice(cluster.directory.length)))
    }
  }
  cluster.options.log(`Kafka did not start; its logs are in ${kept}`)
  return kept
}

function logsOf(cluster: Cluster): string {
  const files = cluster.brokers.map(({ id }) => logFile(cluster.directory, id))
  return files.map(file => (existsSync(file) ? readFileSync(file, 'utf8') : '')).join('')
}

const processName = (brokerId: number): string => `broker-${brokerId}`
const settingsFile = (directory: string, brokerId: number): string => join(directory, `broker-${brokerId}.properties`)
const dataDirectory = (directory: string, brokerId: number): string => join(directory, `data-${brokerId}`)
const logFile = (directory: string, brokerId: number): string => join(directory, `broker-${brokerId}.log`)
