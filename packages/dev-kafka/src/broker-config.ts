import type { KafkaRelease } from './kafka-release.ts'

/** One broker of a cluster: where clients and where the other controllers reach it. */
export interface BrokerAddress {
  readonly id: number
  readonly host: string
  readonly port: number
  readonly controllerPort: number
}

/**
 * The settings of every broker, wherever it runs: small and quick, with nothing that happens behind a test's back.
 * `custom` wins.
 */
export function commonBrokerConfig(
  brokerCount: number,
  release: KafkaRelease,
  custom: Readonly<Record<string, string>>,
): Record<string, string> {
  const replicas = String(Math.min(brokerCount, 3))
  return {
    'auto.create.topics.enable': 'false',
    // A killed broker loses its partitions within seconds instead of nine.
    'broker.heartbeat.interval.ms': '500',
    'broker.session.timeout.ms': '3000',
    'default.replication.factor': replicas,
    'group.initial.rebalance.delay.ms': '0',
    // Test records carry old timestamps; with the default retention the broker deletes them within minutes.
    'log.retention.ms': '-1',
    'offsets.topic.num.partitions': '4',
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.num.partitions': '4',
    'transaction.state.log.replication.factor': replicas,
    // One of three brokers may be killed and two: transactions go on as long as one is there.
    'transaction.state.log.min.isr': '1',
    ...release.config,
    ...custom,
  }
}

/** Settings of one broker in KRaft combined mode: each broker is a controller too. */
export function combinedModeConfig(
  self: BrokerAddress,
  all: readonly BrokerAddress[],
  dataDirectory: string,
  common: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': String(self.id),
    'controller.quorum.voters': all.map(peer => `${peer.id}@${peer.host}:${peer.controllerPort}`).join(','),
    listeners: `PLAINTEXT://${self.host}:${self.port},CONTROLLER://${self.host}:${self.controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${self.host}:${self.port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': dataDirectory,
    ...common,
  }
}
