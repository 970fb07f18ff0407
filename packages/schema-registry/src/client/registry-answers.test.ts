import { SchemaRegistryClient } from '@confluentinc/schemaregistry'
import { SchemaRegistry as KafkajsRegistry } from '@kafkajs/confluent-schema-registry'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { existingRegistry } from './existing-registry.ts'
import { schemaRegistry } from './schema-registry.ts'

/* What does not come from a registry says nothing about a schema: it must be waited for, and no record may be given up because of it. */

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** A server that gives one answer to everything. */
async function answering(status: number, body: string): Promise<string> {
  const server = createServer((_, response) => void response.writeHead(status).end(body))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const CLIENTS = [
  ['schemaRegistry', (url: string) => schemaRegistry({ url })],
  [
    '@kafkajs/confluent-schema-registry',
    (url: string) => existingRegistry(new KafkajsRegistry({ host: url, retry: { retries: 0 } })),
  ],
  [
    '@confluentinc/schemaregistry',
    (url: string) => existingRegistry(new SchemaRegistryClient({ baseURLs: [url], maxRetries: 0 })),
  ],
] as const

const FOREIGN = [
  ['a proxy without a route', 404, '{"message":"no Route matched with those values"}'],
  ['a path that the server does not have', 404, '{"error_code":404,"message":"HTTP 404 Not Found"}'],
  ['a page that is not found', 404, '<html>404</html>'],
  ['nothing with 404', 404, ''],
  ['another service', 200, '{"status":"UP"}'],
  ['a list', 200, '[]'],
  ['null', 200, 'null'],
  ['a number', 200, '7'],
  ['a schema that is no text', 200, '{"schema":{"type":"string"}}'],
] as const

describe.each(CLIENTS)('%s', (_name, client) => {
  it.each(FOREIGN)('takes %s for a registry that does not answer', async (_what, status, body) => {
    const registry = client(await answering(status, body))
    await expect(registry.byId(7)).rejects.toMatchObject({ code: 'MILLRACE_REGISTRY_UNAVAILABLE', kind: 'retriable' })
    await expect(registry.version('orders-value', 'latest')).rejects.toMatchObject({ kind: 'retriable' })
  })

  it.each([
    ['Confluent and Karapace', '{"error_code":40403,"message":"Schema 7 not found"}'],
    ['old versions of Apicurio', '{"error_code":404,"message":"No content with id 7 was found."}'],
  ])('believes the registry that there is no such id: %s', async (_what, body) => {
    const registry = client(await answering(404, body))
    expect(await registry.byId(7)).toBeUndefined()
  })
})

it.each([
  ['a list of versions', 200, '{"versions":[1]}'],
  ['numbers', 200, '["1"]'],
])('versions must be %s', async (_what, status, body) => {
  const registry = schemaRegistry({ url: await answering(status, body) })
  await expect(registry.versions('orders-value')).rejects.toMatchObject({ code: 'MILLRACE_REGISTRY_UNAVAILABLE' })
})

it.each(['{"id":"7"}', '{}'])('what is registered must have an id: %s', async body => {
  const registry = schemaRegistry({ url: await answering(200, body) })
  const schema = { schema: '"string"' }
  const failed = { code: 'MILLRACE_REGISTRY_UNAVAILABLE' }
  await expect(registry.register('orders-value', schema, { normalize: false })).rejects.toMatchObject(failed)
  await expect(registry.find('orders-value', schema, { normalize: false })).rejects.toMatchObject(failed)
})
