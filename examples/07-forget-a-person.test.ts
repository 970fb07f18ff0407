/**
 * Forgetting a person: fields are encrypted with a key for each person, and deleting the key forgets the person in every topic, store and
 * changelog at once.
 *
 *     npx vitest run examples/07-forget-a-person.test.ts
 */
import { FORGOTTEN, masterKey, personalData } from '@millrace/personal-data'
import { TopologyTestDriver } from '@millrace/testing'
import { json, MemoryCluster, memoryClient, StreamsBuilder, string, systemClock } from 'millrace'
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'

interface Customer {
  readonly id: string
  readonly name: string
  readonly city: string
}

interface Label {
  readonly id: string
  readonly name: string
  readonly item: string
}

test('a forgotten customer is gone from the store, the table and the labels', async () => {
  // Production has kafka({ brokers }) here, and a master key that is kept elsewhere.
  const client = memoryClient(new MemoryCluster({ clock: systemClock }))
  await using personal = personalData({ client, masterKey: masterKey(randomBytes(32)) })
  const customer = personal.serde(json<Customer>(), { subject: ({ id }) => id, fields: ['name'] })
  // A label has the name, too: its serde must encrypt it as well.
  const label = personal.serde(json<Label>(), { subject: ({ id }) => id, fields: ['name'] })

  const builder = new StreamsBuilder()
  const customers = builder.table('customers', { key: string(), value: customer, store: { name: 'customers' } })
  builder
    .stream('orders', { key: string(), value: string() })
    .join(customers, (item, { id, name }) => ({ id, name, item }))
    .to('labels', { key: string(), value: label })
  await using driver = await TopologyTestDriver.create(builder.build())

  // A producer waits until there is a key; Millrace's own sinks do the same.
  await personal.ensure('c1')
  const input = driver.createInputTopic('customers', { key: string(), value: customer })
  const orders = driver.createInputTopic('orders', { key: string(), value: string() })
  const labels = driver.createOutputTopic('labels', { key: string(), value: label })
  await input.pipeInput('c1', { id: 'c1', name: 'Ada', city: 'London' })
  await orders.pipeInput('c1', 'pen')
  expect(labels.readValue()).toEqual({ id: 'c1', name: 'Ada', item: 'pen' })

  // As "millrace forget c1" does.
  await personal.forget('c1')

  // What was joined before cannot be read any more, nor can the store: the name is a marker, and the city is still there.
  await orders.pipeInput('c1', 'ink')
  expect(labels.readValue()).toEqual({ id: 'c1', name: FORGOTTEN, item: 'ink' })
  const stored = await driver.keyValueStore<string, Customer>('customers').get('c1')
  expect(stored).toMatchObject({ name: FORGOTTEN, city: 'London' })

  // Who becomes a customer again gets a new key.
  await personal.ensure('c1')
  await input.pipeInput('c1', { id: 'c1', name: 'Ada', city: 'Paris' })
  await orders.pipeInput('c1', 'cup')
  expect(labels.readValue()).toEqual({ id: 'c1', name: 'Ada', item: 'cup' })
})
