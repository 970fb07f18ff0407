export {
  MillraceError,
  StreamsBuilder,
  boolean,
  bytes,
  describe,
  double,
  float,
  int,
  isMillraceError,
  json,
  keyValueStore,
  list,
  long,
  memoryStore,
  planToJson,
  safeLong,
  sessionWindowed,
  short,
  string,
  timeWindowed,
  toMermaid,
  tumbling,
  uuid,
  voidSerde,
  windowStore,
} from '@millrace/core'
export type * from '@millrace/core'
export { KafkaStreams, consoleLogger, silentLogger } from '@millrace/runtime'
export type * from '@millrace/runtime'
export { kafkajs, type KafkajsOptions } from '@millrace/client-kafkajs'
export { MemoryCluster, memoryClient, type MemoryClient, type MemoryClusterOptions } from '@millrace/client-memory'
export { rocksdb, type RocksdbOptions } from '@millrace/store-rocksdb'
