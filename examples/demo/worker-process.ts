import { millraceConsole } from '@millrace/console'
import { queryServer } from '@millrace/query-server'
import { schemaRegistry } from '@millrace/schema-registry'
import { consoleLogger, KafkaStreams, rocksdb } from 'millrace'
import { clientOf } from './client-of.ts'
import { shopSerdes } from './serdes.ts'
import { shopTopology } from './topology.ts'
import type { WorkerSettings } from './worker-processes.ts'
import { watch } from './worker-status.ts'

// One process of the application. It tells its parent how it is, and ends when it is told to or its parent is gone.
const { brokers, client, prefix, stateDir, registry } = JSON.parse(process.argv[2]!) as WorkerSettings

const serdes = shopSerdes(registry === undefined ? undefined : schemaRegistry({ url: registry }))
const streams = new KafkaStreams(shopTopology(prefix, serdes), {
  applicationId: `${prefix}shop`,
  client: clientOf({ brokers, client }),
  store: rocksdb(),
  stateDir,
  processingGuarantee: 'exactly_once',
  // The least that brokers allow: one that is killed is to be missed soon.
  sessionTimeoutMs: 6_000,
  logger: consoleLogger('error'),
})
const server = await queryServer(streams, { port: 0, console: millraceConsole(streams) })
const observed = watch(streams)
const status = () => ({ ...observed(), console: `${server.url}/console` })
const tell = () => {
  if (process.connected) process.send!(status())
}

// Ctrl-C goes to every process of the terminal; the parent decides when its workers end.
process.on('SIGINT', () => undefined)
const stop = () => void streams.close()
process.on('message', stop)
process.on('disconnect', stop)
const timer = setInterval(tell, 250)
await streams.start()
await streams.ended()
clearInterval(timer)
await server.close()
tell()
process.exit()
