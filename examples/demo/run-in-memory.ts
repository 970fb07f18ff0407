import { millraceConsole } from '@millrace/console'
import { queryServer } from '@millrace/query-server'
import { schemaRegistry, startRegistry } from '@millrace/schema-registry'
import { consoleLogger, KafkaStreams, memoryClient, MemoryCluster, openTopics, systemClock } from 'millrace'
import type { DemoOptions } from './options.ts'
import { createTopics, runShop } from './run-shop.ts'
import { shopSerdes } from './serdes.ts'
import { shopTopology } from './topology.ts'
import { watch } from './worker-status.ts'

/** Everything in this process: the shop, a Kafka in memory, and the application. */
export async function runInMemory(options: DemoOptions, stop: AbortSignal): Promise<void> {
  const client = memoryClient(new MemoryCluster({ clock: systemClock }))
  await using running = options.avro ? await startRegistry() : undefined
  // The shop and the application are two programs: each has serdes of its own.
  const serdes = () => shopSerdes(running && schemaRegistry({ url: running.url }))
  await using topics = await openTopics(client)
  await createTopics(topics, '')
  const streams = new KafkaStreams(shopTopology('', serdes()), {
    applicationId: 'shop',
    client,
    processingGuarantee: 'exactly_once',
    // Warnings, as of each late record, would go through the table.
    logger: consoleLogger('error'),
  })
  let failure: unknown
  streams.on('error', error => {
    failure = error
  })
  const server = await queryServer(streams, { port: 0, console: millraceConsole(streams) })
  await streams.start()
  const status = watch(streams)
  let last = status()
  const workers = {
    where: `in memory${options.avro ? ', Avro' : ''}, exactly once`,
    events: [],
    console: () => `${server.url}/console`,
    statuses: () => [(last = streams.state === 'NOT_RUNNING' ? last : status())],
    failure: () => failure,
    stop: async () => {
      await server.close()
      await streams.close()
    },
  }
  await runShop(topics, workers, { ...options, prefix: '', serdes: serdes() }, stop)
}
