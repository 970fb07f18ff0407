/** An instance with its query server, as a process that can be killed. */
import { queryServer } from '@millrace/query-server'
import { consoleLogger, KafkaStreams, rocksdb } from 'millrace'
import { clientUnderTest } from '../client-under-test.ts'
import { lastValues } from './topology.ts'

export interface InstanceSettings {
  readonly brokers: string
  readonly applicationId: string
  readonly topic: string
  readonly stateDir: string
  readonly port: number
}

const { brokers, applicationId, topic, stateDir, port } = JSON.parse(process.argv[2]!) as InstanceSettings
const streams = new KafkaStreams(lastValues(topic), {
  applicationId,
  client: clientUnderTest(brokers),
  store: rocksdb(),
  stateDir,
  processingGuarantee: 'exactly_once',
  commitIntervalMs: 50,
  sessionTimeoutMs: 6_000,
  numStandbyReplicas: 1,
  applicationServer: `127.0.0.1:${port}`,
  logger: consoleLogger('info'),
})
const server = await queryServer(streams, { port, heartbeatMs: 500, timeoutMs: 5_000 })
streams.on('state', state => process.send?.({ type: 'state', state }))
await streams.run()
await server.close()
