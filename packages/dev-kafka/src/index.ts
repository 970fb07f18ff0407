export type { DevKafka, KafkaSource, StartKafkaOptions } from './dev-kafka.ts'
export { DevKafkaError, type DevKafkaErrorCode } from './dev-kafka-error.ts'
export { DEFAULT_KAFKA_VERSION, KAFKA_RELEASES, type KafkaRelease, type KafkaVersion } from './kafka-release.ts'
export { startKafka } from './start-kafka.ts'
