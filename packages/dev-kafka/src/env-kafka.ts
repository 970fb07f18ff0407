import type { DevKafka } from './dev-kafka.ts'
import { DevKafkaError } from './dev-kafka-error.ts'
import { type KnownBroker, probeCluster } from './probe/probe-cluster.ts'

/**
 * The Kafka that `KAFKA_BROKERS` names: somebody else's, so it is neither configured nor stopped here.
 *
 * @throws DevKafkaError `DEV_KAFKA_UNREACHABLE` when none of its brokers answers
 */
export async function useEnvKafka(bootstrap: string): Promise<DevKafka> {
  const known = await firstAnswer(bootstrap)
  const notOurs = async (): Promise<never> => {
    throw new DevKafkaError(
      'DEV_KAFKA_NOT_OURS',
      'the Kafka from KAFKA_BROKERS was not started here, so its brokers cannot be stopped or started',
      "Start one with startKafka({ from: 'jvm' }) where a test stops brokers.",
    )
  }
  const stop = async (): Promise<void> => {}
  return {
    brokers: bootstrap,
    source: 'env',
    version: 'unknown',
    brokerIds: known.map(({ id }) => id),
    stopBroker: notOurs,
    killBroker: notOurs,
    freezeBroker: notOurs,
    resumeBroker: notOurs,
    startBroker: notOurs,
    logs: () => '',
    dataDirectories: new Map(),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/** `host:port`, also with an IPv6 host in brackets; 9092 where there is no port. */
export function parseAddress(address: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d+))?$/.exec(address.trim())
  const host = match?.[1] ?? match?.[2]
  if (!host) {
    throw new DevKafkaError(
      'DEV_KAFKA_USAGE',
      `"${address}" is not a broker address`,
      'Write host:port, with commas between several.',
    )
  }
  return { host, port: match?.[3] === undefined ? 9092 : Number(match[3]) }
}

async function firstAnswer(bootstrap: string): Promise<readonly KnownBroker[]> {
  const reasons: string[] = []
  for (const { host, port } of bootstrap.split(',').map(parseAddress)) {
    try {
      return await probeCluster(host, port, 5_000)
    } catch (error) {
      reasons.push(`${host}:${port}: ${(error as Error).message}`)
    }
  }
  throw new DevKafkaError(
    'DEV_KAFKA_UNREACHABLE',
    `no broker of KAFKA_BROKERS responds (${reasons.join('; ')})`,
    'Start that Kafka, or unset KAFKA_BROKERS to have one started.',
  )
}
