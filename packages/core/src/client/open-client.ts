import { invalidOption } from './check-options.ts'
import { errorsInErr } from './errors-in-err.ts'
import type { ClientContext, ClientFactory, KafkaClient } from '../ports/client.ts'

/**
 * Opens the client of an application. Functions that do not return one look like a factory until then.
 * @throws MILLRACE_CONFIG_INVALID
 */
export function openClient(factory: ClientFactory, context: ClientContext): KafkaClient {
  const client = factory({ ...context, logger: errorsInErr(context.logger) }) as Partial<KafkaClient> | undefined | null
  if (typeof client?.admin === 'function' && typeof client.producer === 'function') return client as KafkaClient
  throw invalidOption('client', factory, 'it must be a function that returns a client, such as kafka({ brokers }) is')
}
