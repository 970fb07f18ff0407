import { json, string, StreamsBuilder } from '@millrace/core'
import { expect, it } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

interface Order {
  readonly customer?: string
}

const orders = { key: string(), value: json<Order>() }
const texts = { key: string(), value: string() }

it.each([
  ['undefined is a bad record', (order: Order) => order.customer as string, [['b', 'ann']]],
  ['null deletes', (order: Order) => order.customer ?? null, [['a', null], ['b', 'ann']]], // prettier-ignore
])('of values for a sink, %s', async (_what, customerOf, written) => {
  const builder = new StreamsBuilder()
  builder.stream('in', orders).mapValues(customerOf).to('out', texts)
  await using driver = await TopologyTestDriver.create(builder.build(), { onBadRecord: 'continue' })
  const input = driver.createInputTopic('in', orders)
  await input.pipeInput('a', {})
  await input.pipeInput('b', { customer: 'ann' })
  expect(driver.createOutputTopic('out', texts).readKeyValuesToList()).toEqual(written)
})

it('the error names the operator that gave undefined and says what it has to give', async () => {
  const builder = new StreamsBuilder()
  const values = builder.stream('in', orders).mapValues(order => order.customer as string)
  values.to('out', { ...texts, name: 'customers' })
  const driver = await TopologyTestDriver.create(builder.build())
  const input = driver.createInputTopic('in', orders)
  await expect(input.pipeInput('a', {})).rejects.toThrow(/KSTREAM-MAPVALUES-.* returned undefined/s)
})
