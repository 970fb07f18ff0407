/** The lines of Kafka that can be asked for. */
export type KafkaVersion = '3.9' | '4.1' | '4.3' | '4.4'

export const DEFAULT_KAFKA_VERSION: KafkaVersion = '4.4'

/** What differs between releases and matters here. */
export interface KafkaRelease {
  /** The exact release, as on Maven Central and as the tag of the image. */
  readonly release: string
  /** Settings that only this line knows or needs. */
  readonly config: Readonly<Record<string, string>>
  /** Extra arguments of `StorageTool format`: which features the cluster starts with. */
  readonly formatArguments: readonly string[]
}

/** A dead member of a streams group is given up within seconds; members set nothing of this themselves (KIP-1071). */
const QUICK_STREAMS_GROUPS = {
  'group.streams.min.session.timeout.ms': '6000',
  'group.streams.session.timeout.ms': '6000',
  'group.streams.min.heartbeat.interval.ms': '500',
  'group.streams.heartbeat.interval.ms': '500',
}
const AT_ONCE = {
  'group.streams.initial.rebalance.delay.ms': '0',
  'group.streams.min.assignment.interval.ms': '0',
  'group.streams.assignment.interval.ms': '0',
}

/** In 4.1 the streams group protocol is early access: its feature must be switched on when the storage is formatted. */
export const KAFKA_RELEASES: Readonly<Record<KafkaVersion, KafkaRelease>> = {
  '3.9': {
    release: '3.9.2',
    config: { 'group.coordinator.rebalance.protocols': 'classic,consumer' },
    formatArguments: [],
  },
  '4.1': {
    release: '4.1.2',
    config: {
      'group.coordinator.rebalance.protocols': 'classic,consumer,streams',
      'share.coordinator.state.topic.replication.factor': '1',
      'share.coordinator.state.topic.min.isr': '1',
      'unstable.api.versions.enable': 'true',
      'unstable.feature.versions.enable': 'true',
      ...QUICK_STREAMS_GROUPS,
    },
    formatArguments: ['--release-version', '4.1', '--feature', 'streams.version=1'],
  },
  '4.3': {
    release: '4.3.1',
    config: {
      'group.coordinator.rebalance.protocols': 'classic,consumer,streams',
      'share.coordinator.state.topic.replication.factor': '1',
      'share.coordinator.state.topic.min.isr': '1',
      ...QUICK_STREAMS_GROUPS,
      ...AT_ONCE,
    },
    formatArguments: [],
  },
  '4.4': {
    release: '4.4.0',
    config: {
      'group.coordinator.rebalance.protocols': 'classic,consumer,streams',
      'share.coordinator.state.topic.replication.factor': '1',
      'share.coordinator.state.topic.min.isr': '1',
      ...QUICK_STREAMS_GROUPS,
      ...AT_ONCE,
    },
    formatArguments: [],
  },
}

export function isKafkaVersion(text: string): text is KafkaVersion {
  return Object.hasOwn(KAFKA_RELEASES, text)
}
