import { existsSync, readFileSync } from 'node:fs'
import { cp, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type BrokerAddress, combinedModeConfig, commonBrokerConfig, propertiesText } from '../broker-config.ts'
import type { DevKafka } from '../dev-kafka.ts'
import { DevKafkaError } from '../dev-kafka-error.ts'
import { freePorts } from '../free-ports.ts'
import { probeCluster } from '../probe/probe-cluster.ts'
import type { ResolvedOptions } from '../resolve-options.ts'
import { formatStorage, kafkaUuid } from './format-storage.ts'
import { type InstalledBroker, installBroker } from './install-broker.ts'
import { javaArguments } from './java-arguments.ts'
import type { JavaTools } from './java-tools.ts'
import { startSupervisor, type Supervisor } from './supervisor.ts'

const HOST = '127.0.0.1'
const TRIES = 3

/** Everything about one cluster of JVM brokers on this machine. */
interface Cluster {
  readonly options: ResolvedOptions
  readonly tools: JavaTools
  readonly installed: InstalledBroker
  readonly directory: string
  readonly brokers: readonly BrokerAddress[]
  readonly supervisor: Supervisor
}

/**
 * Starts a cluster of JVM brokers: fetched on first use, formatted, started and waited for.
 *
 * @throws DevKafkaError `DEV_KAFKA_DOWNLOAD_FAILED`, `DEV_KAFKA_START_FAILED`
 */
export async function startJvmKafka(options: ResolvedOptions, tools: JavaTools): Promise<DevKafka> {
  const installed = await installBroker(options.release, tools, options.log)
  for (let attempt = 1; ; attempt++) {
    const cluster = await layOut(options, tools, installed)
    try {
      await Promise.all(cluster.brokers.map((broker) => launch(cluster, broker)))
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

async function layOut(options: ResolvedOptions, tools: JavaTools, installed: InstalledBroker): Promise<Cluster> {
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
    const data = join(directory, `data-${broker.id}`)
    await formatStorage(data, clusterId, broker.id, installed.bootstrapCheckpoint)
    await writeFile(settingsFile(directory, broker.id), propertiesText(combinedModeConfig(broker, brokers, data, common)))
  }
  return { options, tools, installed, directory, brokers, supervisor }
}

async function launch(cluster: Cluster, { id }: BrokerAddress): Promise<void> {
  const args = javaArguments(cluster.installed, settingsFile(cluster.directory, id), cluster.options.tuning)
  await cluster.supervisor.spawn(processName(id), cluster.tools.java, args, logFile(cluster.directory, id))
}

/** Waits until each of `brokers` serves and knows at least all of them. */
async function untilServing(cluster: Cluster, brokers: readonly BrokerAddress[]): Promise<void> {
  const deadline = Date.now() + cluster.options.timeoutMs
  for (const broker of brokers) {
    while (!(await knows(broker, brokers))) {
      const ended = brokers.map(({ id }) => [id, cluster.supervisor.status(processName(id))] as const)
      for (const [id, status] of ended) if (status !== undefined) throw new Error(`broker ${id} ended with ${status}`)
      if (Date.now() > deadline) throw new Error(`broker ${broker.id} does not serve after ${cluster.options.timeoutMs} ms`)
      await sleep(50)
    }
  }
}

async function knows(broker: BrokerAddress, all: readonly BrokerAddress[]): Promise<boolean> {
  try {
    const known = await probeCluster(broker.host, broker.port)
    return all.every(({ id }) => known.some((other) => other.id === id))
  } catch {
    return false
  }
}

function handle(cluster: Cluster): DevKafka {
  const { supervisor, brokers, options } = cluster
  const byId = (id: number): BrokerAddress => {
    const found = brokers.find((broker) => broker.id === id)
    if (found !== undefined) return found
    const ids = brokers.map((broker) => broker.id).join(', ')
    throw new DevKafkaError('DEV_KAFKA_USAGE', `there is no broker ${id}`, `The brokers are ${ids}: take one of brokerIds.`)
  }
  const stop = (): Promise<void> => supervisor.end()
  return {
    brokers: brokers.map(({ host, port }) => `${host}:${port}`).join(','),
    source: 'jvm',
    version: options.release.release,
    brokerIds: brokers.map(({ id }) => id),
    stopBroker: async (id) => supervisor.signal(processName(byId(id).id), 'SIGTERM'),
    killBroker: async (id) => supervisor.signal(processName(byId(id).id), 'SIGKILL'),
    async startBroker(id) {
      const broker = byId(id)
      await launch(cluster, broker)
      await untilServing(cluster, [broker])
    },
    logs: () => logsOf(cluster),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

function startFailed(cause: unknown, logs: string, kept: string | undefined): DevKafkaError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const lastLines = logs.trimEnd().split('\n').slice(-15).join('\n')
  const hint = `The brokers' logs are in ${kept}. They end with:\n${lastLines}`
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
  return files.map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : '')).join('')
}

const processName = (brokerId: number): string => `broker-${brokerId}`
const settingsFile = (directory: string, brokerId: number): string => join(directory, `broker-${brokerId}.properties`)
const logFile = (directory: string, brokerId: number): string => join(directory, `broker-${brokerId}.log`)
