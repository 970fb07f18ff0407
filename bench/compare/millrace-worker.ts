/** One Millrace application of the bench, one process, until SIGTERM: CLIENT OPTIONS (as JSON, `RunOptions`). */
import { KafkaStreams } from '@millrace/runtime'
import type { RunOptions } from './run-options.ts'

const [client, argument] = process.argv.slice(2) as ['kafka' | 'kafkajs', string]
const run = JSON.parse(argument) as RunOptions
process.env['MILLRACE_BENCH_RUN'] = JSON.stringify({ client, run })
const streams = await KafkaStreams.load(new URL('millrace-application.ts', import.meta.url))
streams.on('state', state => console.log(`state ${state.toUpperCase()}`))
streams.on('restoreStart', ({ store, partition }) => console.log(`restore-start ${store} ${partition}`))
streams.on('restoreEnd', ({ store, partition }) => console.log(`restore-end ${store} ${partition}`))
if (run.queries !== undefined) {
  const { queryServer } = await import('@millrace/query-server')
  const server = await queryServer(streams, { port: 0, stores: [run.queries] })
  console.log(`queries ${server.url}`)
}
await streams.run()
