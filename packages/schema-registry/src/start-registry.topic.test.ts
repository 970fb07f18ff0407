import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { type ClientFactory, CompactedTopic, systemClock } from '@millrace/core'
import { expect, it } from 'vitest'
import { startRegistry } from './start-registry.ts'

/* The topic `_schemas` on the Kafka in memory. `start-registry.kafka.test.ts` repeats the restart on a broker. */

const LOGGER = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const cluster = (): MemoryCluster => new MemoryCluster({ clock: systemClock })

async function send(url: string, method: string, path: string, body?: object) {
  const response = await fetch(url + path, { method, ...(body !== undefined && { body: JSON.stringify(body) }) })
  return { status: response.status, json: await response.json() }
}

const RECORD = (...fields: string[]) => ({
  schema: JSON.stringify({
    type: 'record',
    name: 'R',
    fields: fields.map(name => ({ name, type: 'string', default: '' })),
  }),
})

/** Everything that clients can see. */
async function everything(url: string): Promise<unknown> {
  const paths = [
    '/subjects?deleted=true',
    '/schemas?deleted=true',
    '/config',
    '/mode',
    '/contexts',
    '/config/a',
    '/mode/b',
  ]
  return Promise.all(paths.map(path => send(url, 'GET', path)))
}

async function fill(url: string): Promise<void> {
  await send(url, 'PUT', '/config', { compatibility: 'FULL' })
  for (const fields of [['x'], ['x', 'y'], ['x', 'y', 'z']])
    await send(url, 'POST', '/subjects/a/versions', RECORD(...fields))
  await send(url, 'POST', '/subjects/b/versions', {
    ...RECORD('x'),
    metadata: { properties: { owner: 'shop' } },
    ruleSet: { domainRules: [{ name: 'n', kind: 'CONDITION', type: 'CEL', mode: 'WRITE', expr: 'true' }] },
  })
  await send(url, 'POST', '/subjects/c/versions', {
    schema: '{"type":"record","name":"C","fields":[{"name":"r","type":"R"}]}',
    references: [{ name: 'R', subject: 'b', version: 1 }],
  })
  await send(url, 'POST', `/subjects/${encodeURIComponent(':.staging:d')}/versions`, RECORD('x'))
  await send(url, 'POST', '/subjects/e/versions', RECORD('e'))
  await send(url, 'DELETE', '/subjects/e')
  await send(url, 'POST', '/subjects/f/versions', RECORD('f'))
  await send(url, 'DELETE', '/subjects/f')
  await send(url, 'DELETE', '/subjects/f?permanent=true')
  await send(url, 'DELETE', '/subjects/a/versions/1')
  await send(url, 'DELETE', '/subjects/a/versions/2')
  await send(url, 'DELETE', '/subjects/a/versions/2?permanent=true')
  await send(url, 'PUT', '/config/a', { compatibility: 'NONE', normalize: true })
  await send(url, 'PUT', '/mode/b', { mode: 'READONLY' })
  await send(url, 'PUT', '/config/b', { compatibility: 'NONE' })
  await send(url, 'DELETE', '/config/b')
}

it('a registry that is started again has all that it had', async () => {
  const kafka = cluster()
  const client = memoryClient(kafka)
  const memory = await startRegistry()
  const first = await startRegistry({ client })
  await fill(memory.url)
  await fill(first.url)
  const before = await everything(first.url)
  expect(before).toEqual(await everything(memory.url))
  await first.close()
  await memory.close()
  kafka.compact('_schemas')
  await using second = await startRegistry({ client })
  expect(await everything(second.url)).toEqual(before)
  expect(await send(second.url, 'POST', '/subjects/g/versions', RECORD('new'))).toMatchObject({ json: { version: 1 } })
  expect(await send(second.url, 'POST', '/subjects/a/versions', RECORD('x', 'w'))).toMatchObject({
    json: { version: 4 },
  })
})

it('the records are those of Confluent', async () => {
  const kafka = cluster()
  const registry = await startRegistry({ client: memoryClient(kafka) })
  await send(registry.url, 'POST', '/subjects/s/versions', { schema: '"string"' })
  await send(registry.url, 'PUT', '/config', { compatibility: 'FULL' })
  await send(registry.url, 'PUT', '/mode/s', { mode: 'READONLY' })
  await send(registry.url, 'DELETE', '/mode/s')
  await send(registry.url, 'DELETE', '/subjects/s')
  await registry.close()
  expect(await records(memoryClient(kafka), '_schemas')).toEqual([
    ['{"keytype":"NOOP","magic":0}', null],
    [
      '{"keytype":"SCHEMA","subject":"s","version":1,"magic":1}',
      expect.stringMatching(
        /^\{"subject":"s","version":1,"id":1,"md5":"[^"]{24}","schema":"\\"string\\"","deleted":false\}$/,
      ),
    ],
    ['{"keytype":"CONFIG","subject":null,"magic":0}', '{"compatibilityLevel":"FULL"}'],
    ['{"keytype":"MODE","subject":"s","magic":0}', '{"subject":"s","mode":"READONLY"}'],
    ['{"keytype":"MODE","subject":"s","magic":0}', null],
    ['{"keytype":"DELETE_SUBJECT","subject":"s","magic":0}', '{"subject":"s","version":1}'],
  ])
})

it('a topic that Confluent has written is read, and what this registry does not know is left alone', async () => {
  const kafka = cluster()
  const topic = new CompactedTopic(
    {
      client: memoryClient(kafka)({ clientId: 't', clock: systemClock, logger: LOGGER }),
      clock: systemClock,
      topic: '_schemas',
    },
    () => {},
  )
  await topic.create()
  const written: readonly (readonly [string, string | null])[] = [
    ['{"keytype":"NOOP","magic":0}', null],
    [
      '{"keytype":"SCHEMA","subject":"old","version":1,"magic":0}',
      '{"subject":"old","version":1,"id":7,"schema":"\\"int\\"","deleted":false}',
    ],
    ['{"keytype":"CONTEXT","tenant":"default","context":".lsrc","magic":0}', '{"tenant":"default","context":".lsrc"}'],
    ['{"keytype":"CONFIG","subject":null,"magic":0}', '{"compatibilityLevel":"NONE"}'],
  ]
  await topic.write(
    written.map(([key, value]) => ({ key: Buffer.from(key), value: value === null ? null : Buffer.from(value) })),
  )
  await topic.close()
  await using registry = await startRegistry({ client: memoryClient(kafka) })
  expect((await send(registry.url, 'GET', '/schemas/ids/7')).json).toMatchObject({ schema: '"int"' })
  expect((await send(registry.url, 'POST', '/subjects/new/versions', { schema: '"long"' })).json).toMatchObject({
    id: 8,
  })
})

it('of two registries the one that was started last writes, and the other says so', async () => {
  const client = memoryClient(cluster())
  await using first = await startRegistry({ client })
  await send(first.url, 'POST', '/subjects/a/versions', RECORD('x'))
  await using second = await startRegistry({ client })
  const refused = await send(first.url, 'POST', '/subjects/b/versions', RECORD('x'))
  expect(refused).toMatchObject({
    status: 500,
    json: { error_code: 50003, message: expect.stringContaining('Another registry writes to the topic _schemas now') },
  })
  expect(await send(second.url, 'POST', '/subjects/b/versions', RECORD('y'))).toMatchObject({ json: { id: 2 } })
  expect(await send(first.url, 'POST', '/subjects/c/versions', RECORD('z'))).toMatchObject({ status: 500 })
  expect(await send(first.url, 'GET', '/subjects')).toMatchObject({ status: 200, json: ['a'] })
})

it('a broker that is away for a while costs no schema', async () => {
  const kafka = cluster()
  const clients: ReturnType<ReturnType<typeof memoryClient>>[] = []
  const client: ClientFactory = context => {
    const made = memoryClient(kafka)(context)
    clients.push(made)
    return made
  }
  await using registry = await startRegistry({ client })
  await send(registry.url, 'POST', '/subjects/a/versions', RECORD('x'))
  clients[0]!.disconnect(300)
  const answers = [await send(registry.url, 'POST', '/subjects/a/versions', RECORD('x', 'y'))]
  answers.push(await send(registry.url, 'POST', '/subjects/a/versions', RECORD('x', 'y')))
  expect(answers[0]!.status).toBe(500)
  expect(answers[1]).toMatchObject({ status: 200, json: { version: 2 } })
})

it.each([
  ['more partitions', { partitions: 2, configs: { 'cleanup.policy': 'compact' } }, 'it has 2 partitions'],
  ['a time limit', { partitions: 1, configs: { 'cleanup.policy': 'delete' } }, 'cleanup.policy is delete'],
])('a topic with %s is refused', async (_what, topic, reason) => {
  const kafka = cluster()
  kafka.createTopic({ name: '_schemas', ...topic })
  const failed = { code: 'MILLRACE_COMPACTED_TOPIC', message: expect.stringContaining(reason) }
  await expect(startRegistry({ client: memoryClient(kafka) })).rejects.toMatchObject(failed)
})

async function records(client: ClientFactory, topic: string): Promise<(readonly [string, string | null])[]> {
  const found: (readonly [string, string | null])[] = []
  const opened = client({ clientId: 't', clock: systemClock, logger: LOGGER })
  const log = new CompactedTopic({ client: opened, clock: systemClock, topic }, ({ key, value }) =>
    found.push([key.toString(), value?.toString() ?? null]),
  )
  await log.catchUp()
  await opened.close()
  return found
}
