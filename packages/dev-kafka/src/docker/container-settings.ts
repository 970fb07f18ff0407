import { commonBrokerConfig } from '../broker-config.ts'
import type { ResolvedOptions } from '../resolve-options.ts'

/** Inside the containers' network; only there, so that the same ports do for every cluster. */
const INTERNAL_PORT = 29092
const CONTROLLER_PORT = 29093

/** One broker's container, decided before anything is started. */
export interface ContainerSettings {
  readonly id: number
  readonly image: string
  /** Its name among the containers of the cluster. */
  readonly alias: string
  /** The same inside and outside: a broker tells clients its address, so the address must be known before the start. */
  readonly port: number
  readonly environment: Readonly<Record<string, string>>
}

/**
 * The containers of a cluster: `ports[i]` on `host` is where clients find broker `i + 1`.
 *
 * `CLIENT` is the listener for this machine, `BROKER` the one for the other containers, which cannot use the former's
 * address.
 */
export function containerSettings(
  options: Pick<ResolvedOptions, 'release' | 'config'>,
  host: string,
  ports: readonly number[],
  clusterId: string,
): readonly ContainerSettings[] {
  const common = commonBrokerConfig(ports.length, options.release, options.config)
  const voters = ports.map((_, index) => `${index + 1}@${alias(index + 1)}:${CONTROLLER_PORT}`).join(',')
  return ports.map((port, index) => {
    const id = index + 1
    const config = {
      'process.roles': 'broker,controller',
      'node.id': String(id),
      'controller.quorum.voters': voters,
      listeners: `CLIENT://:${port},BROKER://:${INTERNAL_PORT},CONTROLLER://:${CONTROLLER_PORT}`,
      'advertised.listeners': `CLIENT://${host}:${port},BROKER://${alias(id)}:${INTERNAL_PORT}`,
      'listener.security.protocol.map': 'CLIENT:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT',
      'inter.broker.listener.name': 'BROKER',
      'controller.listener.names': 'CONTROLLER',
      ...common,
    }
    const settings = Object.entries(config).map(([name, value]) => [environmentName(name), value] as const)
    return {
      id,
      image: `apache/kafka:${options.release.release}`,
      alias: alias(id),
      port,
      environment: { ...Object.fromEntries(settings), CLUSTER_ID: clusterId, KAFKA_HEAP_OPTS: '-Xms128m -Xmx512m' },
    }
  })
}

/**
 * A setting's name as the image takes it from the environment: `KAFKA_`, capitals, `_` for a dot, `__` for an underscore,
 * `___` for a dash.
 */
export function environmentName(setting: string): string {
  const marks: Readonly<Record<string, string>> = { '.': '_', _: '__', '-': '___' }
  return `KAFKA_${setting.replace(/[._-]/g, mark => marks[mark] as string).toUpperCase()}`
}

const alias = (brokerId: number): string => `kafka-${brokerId}`
