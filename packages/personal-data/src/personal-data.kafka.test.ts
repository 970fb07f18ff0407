import { kafka } from '@millrace/client-wire'
import { json, systemClock, whenReady } from '@millrace/core'
import { sharedKafka } from '@millrace/dev-kafka'
import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { forgetPerson } from './forget-person.ts'
import { masterKey } from './master-key.ts'
import { FORGOTTEN, personalData } from './personal-data.ts'

interface Customer {
  readonly id: string
  readonly name: string
}

it('keys are in a topic of the broker, and gone for all processes when one forgets', async () => {
  const { brokers } = await sharedKafka()
  const client = kafka({ brokers })
  const topic = `personal-keys-${Math.random().toString(36).slice(2)}`
  const master = masterKey(randomBytes(32))
  await using first = personalData({ client, masterKey: master, topic, refreshMs: 50 })
  await using second = personalData({ client, masterKey: master, topic, refreshMs: 50 })
  const serdeOf = (personal: typeof first) =>
    personal.serde(json<Customer>(), { subject: ({ id }) => id, fields: ['name'] })
  const [one, two] = [serdeOf(first), serdeOf(second)]

  const bytes = await whenReady(() => one.serialize({ id: 'a', name: 'Ada' }, 'customers'))
  expect(await whenReady(() => two.deserialize(bytes, 'customers'))).toEqual({ id: 'a', name: 'Ada' })
  const opened = client({ clientId: 'test', clock: systemClock, logger: QUIET })
  expect(await opened.admin().describeTopicConfigs(topic)).toMatchObject({
    'cleanup.policy': 'compact',
    'max.compaction.lag.ms': '86400000',
  })
  await opened.close()

  expect(await forgetPerson({ client, topic, subject: 'a' })).toEqual({ keys: 1 })
  for (const serde of [one, two])
    await expect
      .poll(() => serde.deserialize(bytes, 'customers'), { timeout: 60_000 })
      .toEqual({ id: 'a', name: FORGOTTEN })
})

const QUIET = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
