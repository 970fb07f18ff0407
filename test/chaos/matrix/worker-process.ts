import { consoleLogger, kafka, KafkaStreams, type KafkaStreamsOptions, rocksdb } from 'millrace'
import { kafkajs } from 'millrace/kafkajs'
import { type ApplicationName, buildTopology, type MatrixTopics } from './topologies.ts'

/** What a process of the matrix is told, as JSON. */
export interface MatrixSettings extends Pick<
  KafkaStreamsOptions,
  | 'applicationId'
  | 'stateDir'
  | 'processingGuarantee'
  | 'commitIntervalMs'
  | 'sessionTimeoutMs'
  | 'transactionTimeoutMs'
  | 'groupProtocol'
> {
  readonly application: ApplicationName
  readonly brokers: string
  readonly client: 'wire' | 'kafkajs'
  readonly topics: MatrixTopics
}

const { application, brokers, client, topics, ...options } = JSON.parse(process.argv[2]!) as MatrixSettings

// Its wall clock jumps when it is told so, for all code of the process.
const realNow = Date.now
let jumpedMs = 0
Date.now = () => realNow() + jumpedMs
process.on('message', (message: { readonly jumpMs: number }) => {
  jumpedMs = message.jumpMs
})

const streams = new KafkaStreams(buildTopology(application, topics), {
  ...options,
  client: client === 'kafkajs' ? kafkajs({ brokers }) : kafka({ brokers }),
  // RocksDB reserves room on disk for its log by the size of its buffers: a full disk is to be felt soon.
  store: rocksdb({ memoryBytes: 16 * 1024 * 1024 }),
  logger: consoleLogger('info'),
})
streams.on('state', state => process.connected && process.send?.({ type: 'state', state }))

// Nobody is left to end this process when its parent is gone.
const orphaned = () => process.exit(3)
process.on('disconnect', orphaned)
await streams.run()
process.off('disconnect', orphaned).disconnect()
