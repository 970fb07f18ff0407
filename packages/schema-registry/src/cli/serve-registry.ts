import { startRegistry } from '../start-registry.ts'
import type { SchemaCommandContext, SchemaOptions } from './schema-command.ts'
import { SchemaUsageError } from './schema-usage-error.ts'

/** Runs a registry until the process is told to end. */
export async function serveRegistry(options: SchemaOptions, context: SchemaCommandContext): Promise<number> {
  const { port = '8081', host, topic, 'bootstrap-server': brokers } = options
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new SchemaUsageError(`--port ${port} is not a port`)
  if (topic !== undefined && brokers === undefined) throw new SchemaUsageError('--topic needs --bootstrap-server')
  await using registry = await startRegistry({
    port: Number(port),
    ...(host !== undefined && { host }),
    ...(topic !== undefined && { topic }),
    ...(brokers !== undefined && { client: context.kafka({ brokers }) }),
  })
  const where = brokers === undefined ? 'memory' : `the topic ${topic ?? '_schemas'}`
  context.print(`The registry at ${registry.url} keeps its schemas in ${where}. Ctrl-C ends it.`)
  await ended(context.signal)
  return 0
}

function ended(signal: AbortSignal | undefined): Promise<void> {
  return new Promise(resolve => {
    const end = (): void => resolve()
    if (signal !== undefined) {
      if (signal.aborted) return end()
      return signal.addEventListener('abort', end, { once: true })
    }
    process.once('SIGINT', end)
    process.once('SIGTERM', end)
  })
}
