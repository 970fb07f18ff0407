import { kafka } from '@millrace/client-wire'
import { sharedKafka } from '@millrace/dev-kafka'
import { expect, it } from 'vitest'
import { startRegistry } from './start-registry.ts'

const schema = (...names: string[]) =>
  JSON.stringify({ type: 'record', name: 'R', fields: names.map(name => ({ name, type: 'int', default: 0 })) })

async function register(url: string, subject: string, text: string) {
  const response = await fetch(`${url}/subjects/${subject}/versions`, {
    method: 'POST',
    body: JSON.stringify({ schema: text }),
  })
  return { status: response.status, ...((await response.json()) as object) }
}

it('schemas are in a topic of the broker, for the registry that is started next', async () => {
  const { brokers } = await sharedKafka()
  const topic = `_schemas-${Math.random().toString(36).slice(2)}`
  const first = await startRegistry({ client: kafka({ brokers }), topic })
  for (const names of [['a'], ['a', 'b'], ['a', 'b', 'c']]) await register(first.url, 'orders', schema(...names))
  await fetch(`${first.url}/subjects/orders/versions/2`, { method: 'DELETE' })

  await using second = await startRegistry({ client: kafka({ brokers }), topic })
  expect(await (await fetch(`${second.url}/subjects/orders/versions`)).json()).toEqual([1, 3])
  expect(await register(second.url, 'orders', schema('a', 'b', 'c', 'd'))).toMatchObject({
    status: 200,
    id: 4,
    version: 4,
  })
  // The first one still runs. It answers what it knows, and takes no changes.
  expect(await register(first.url, 'orders', schema('z'))).toMatchObject({ status: 500, error_code: 50003 })
  expect((await fetch(`${first.url}/subjects/orders/versions/1`)).status).toBe(200)
  await first.close()
})
