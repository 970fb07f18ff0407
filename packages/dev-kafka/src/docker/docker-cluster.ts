import type { DevKafka } from '../dev-kafka.ts'
import { DevKafkaError } from '../dev-kafka-error.ts'
import { failureLines } from '../failure-lines.ts'
import { freePorts } from '../free-ports.ts'
import { kafkaUuid } from '../kafka-uuid.ts'
import { probeCluster } from '../probe/probe-cluster.ts'
import { untilAnswer } from '../probe/until-answer.ts'
import type { ResolvedOptions } from '../resolve-options.ts'
import { type ContainerSettings, containerSettings } from './container-settings.ts'
import type { ContainerEngine, StartedContainer, StartedNetwork, Testcontainers } from './testcontainers.ts'

interface Cluster {
  readonly options: ResolvedOptions
  readonly testcontainers: Testcontainers
  readonly engine: ContainerEngine
  readonly host: string
  readonly network: StartedNetwork
  /** By broker id. */
  readonly running: Map<number, StartedContainer>
  readonly logs: string[]
}

/**
 * Starts a cluster in Docker from the `apache/kafka` images. testcontainers' own reaper removes the containers when this
 * process is gone.
 *
 * @throws DevKafkaError `DEV_KAFKA_START_FAILED`
 */
export async function startDockerKafka(
  options: ResolvedOptions,
  testcontainers: Testcontainers,
  engine: ContainerEngine,
): Promise<DevKafka> {
  // Known before the start, because the brokers advertise it.
  const { host } = engine.info.containerRuntime
  const { port: asked } = options
  const ports =
    asked === undefined
      ? await freePorts(options.brokers)
      : Array.from({ length: options.brokers }, (_, index) => asked + index)
  const settings = containerSettings(options, host, ports, kafkaUuid())
  const network = await new testcontainers.Network().start()
  const cluster: Cluster = { options, testcontainers, engine, host, network, running: new Map(), logs: [] }
  try {
    // Together: none of three serves before it sees a second one.
    await Promise.all(settings.map(one => startContainer(cluster, one)))
    await Promise.all(settings.map(one => untilServing(cluster, one, settings.length)))
    return handle(cluster, settings)
  } catch (cause) {
    await remove(cluster)
    throw startFailed(cause, cluster)
  }
}

async function startContainer(cluster: Cluster, settings: ContainerSettings): Promise<void> {
  const container = await new cluster.testcontainers.GenericContainer(settings.image)
    .withExposedPorts({ container: settings.port, host: settings.port })
    .withEnvironment({ ...settings.environment })
    .withNetwork(cluster.network)
    .withNetworkAliases(settings.alias)
    .withLogConsumer(stream => stream.on('data', chunk => cluster.logs.push(String(chunk))))
    .withStartupTimeout(cluster.options.timeoutMs)
    .start()
  cluster.running.set(settings.id, container)
}

function untilServing(cluster: Cluster, { port }: ContainerSettings, brokers: number): Promise<void> {
  const knowsAll = async (): Promise<boolean> => (await probeCluster(cluster.host, port)).length >= brokers
  return untilAnswer(knowsAll, () => undefined, cluster.options.timeoutMs)
}

function handle(cluster: Cluster, settings: readonly ContainerSettings[]): DevKafka {
  const container = (id: number): StartedContainer => {
    const found = cluster.running.get(id)
    if (found !== undefined) return found
    const ids = settings.map(one => one.id).join(', ')
    throw new DevKafkaError(
      'DEV_KAFKA_USAGE',
      `broker ${id} does not exist`,
      `The brokers are ${ids}: use one of brokerIds.`,
    )
  }
  let stopped: Promise<void> | undefined
  const stop = (): Promise<void> => (stopped ??= remove(cluster))
  return {
    brokers: settings.map(({ port }) => `${cluster.host}:${port}`).join(','),
    source: 'docker',
    version: cluster.options.release.release,
    brokerIds: settings.map(({ id }) => id),
    async stopBroker(id) {
      await container(id).stop({ remove: false, removeVolumes: false, timeout: 30_000 })
    },
    async killBroker(id) {
      await cluster.engine.container.getById(container(id).getId()).kill()
    },
    async freezeBroker(id) {
      await cluster.engine.container.getById(container(id).getId()).pause()
    },
    async resumeBroker(id) {
      await cluster.engine.container.getById(container(id).getId()).unpause()
    },
    async startBroker(id) {
      await container(id).restart()
      await untilServing(cluster, settings[id - 1] as ContainerSettings, 1)
    },
    logs: () => cluster.logs.join(''),
    dataDirectories: new Map(),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

async function remove(cluster: Cluster): Promise<void> {
  await Promise.all([...cluster.running.values()].map(container => container.stop({ timeout: 0 })))
  await cluster.network.stop()
}

function startFailed(cause: unknown, cluster: Cluster): DevKafkaError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const hint = `The containers say:\n${failureLines(cluster.logs.join(''))}`
  return new DevKafkaError('DEV_KAFKA_START_FAILED', `Kafka did not start in Docker: ${reason}`, hint, { cause })
}
