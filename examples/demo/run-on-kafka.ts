import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startKafka } from '@millrace/dev-kafka'
import { schemaRegistry, startRegistry } from '@millrace/schema-registry'
import { consoleLogger, openTopics } from 'millrace'
import { clientOf } from './client-of.ts'
import type { DemoOptions } from './options.ts'
import { createTopics, runShop } from './run-shop.ts'
import { shopSerdes } from './serdes.ts'
import { WorkerProcesses } from './worker-processes.ts'

/** On a real Kafka: the shop in this process, the application in others. */
export async function runOnKafka(options: DemoOptions, stop: AbortSignal): Promise<void> {
  await using kafka = await startKafka({ log: line => console.error(line) })
  // Nobody else's topics, groups or state are touched.
  const prefix = `millrace-demo-${Date.now().toString(36)}-`
  const brokers = kafka.brokers.split(',')
  const stateDir = await mkdtemp(join(tmpdir(), 'millrace-demo-'))
  await using topics = await openTopics(clientOf({ brokers, client: options.client }), {
    logger: consoleLogger('error'),
  })
  const topic = `${prefix}schemas`
  await using registry = options.avro
    ? await startRegistry({ client: clientOf({ brokers, client: options.client }), topic })
    : undefined
  const where = kafka.source === 'env' ? `Kafka at ${kafka.brokers}` : `Kafka ${kafka.version}`
  try {
    await createTopics(topics, prefix)
    const workers = new WorkerProcesses({
      brokers,
      client: options.client,
      prefix,
      stateDir,
      count: options.workers,
      where: options.avro ? `${where}, Avro` : where,
      registry: registry?.url,
    })
    await runShop(
      topics,
      workers,
      { ...options, prefix, serdes: shopSerdes(registry && schemaRegistry({ url: registry.url })) },
      stop,
    )
  } finally {
    if (kafka.source === 'env') await topics.delete(...(await topics.names()).filter(name => name.startsWith(prefix)))
    await rm(stateDir, { recursive: true, force: true })
  }
}
