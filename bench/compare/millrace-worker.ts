/** One Millrace application of the bench, one process and thread, until SIGTERM: CLIENT OPTIONS (as JSON, `RunOptions`). */
import { StreamsBuilder } from '@millrace/core'
import { consoleLogger, KafkaStreams } from '@millrace/runtime'
import { rocksdb } from '@millrace/store-rocksdb'
import { findWorkload } from './find-workloads.ts'
import type { RunOptions } from './run-options.ts'

const [client, argument] = process.argv.slice(2) as ['kafka' | 'kafkajs', string]
const run = JSON.parse(argument) as RunOptions
const workload = await findWorkload(run.workload)
const builder = new StreamsBuilder()
workload.topology.millrace(builder, run.topics)
const { applicationId, brokers, stateDir, guarantee, commitIntervalMs, cacheBytes } = run
const streams = new KafkaStreams(builder.build(), {
  applicationId,
  client:
    client === 'kafka'
      ? (await import('@millrace/client-wire')).kafka({ brokers })
      : (await import('@millrace/client-kafkajs')).kafkajs({ brokers }),
  store: rocksdb(),
  stateDir,
  processingGuarantee: guarantee,
  logger: consoleLogger('warn'),
  ...(commitIntervalMs === undefined ? {} : { commitIntervalMs }),
  ...(cacheBytes === undefined ? {} : { stateBufferBytes: cacheBytes }),
})
streams.on('state', state => console.log(`state ${state.toUpperCase()}`))
streams.on('restoreStart', ({ store, partition }) => console.log(`restore-start ${store} ${partition}`))
streams.on('restoreEnd', ({ store, partition }) => console.log(`restore-end ${store} ${partition}`))
if (run.queries !== undefined) {
  const { queryServer } = await import('@millrace/query-server')
  const server = await queryServer(streams, { port: 0, stores: [run.queries] })
  console.log(`queries ${server.url}`)
}
await streams.run()
