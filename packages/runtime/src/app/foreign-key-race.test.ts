import { StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from './application.fixture.ts'

const TEXT = { key: string(), value: string() }

it('keeps the row of the customer before where an order changes again before it hears that there is no other, as Kafka Streams does', async () => {
  const app = testApplication({ orders: 1, customers: 1, out: 1 })
  const builder = new StreamsBuilder()
  const customers = builder.table('customers', TEXT)
  builder
    .table('orders', TEXT)
    .join(
      customers,
      order => order.split(':')[0]!,
      (order, customer) => `${order}|${customer}`,
      { value: string() },
    )
    .toStream()
    .to('out', TEXT)
  const instance = await app.start(builder.build(), { caching: 'off' })
  const send = async (...orders: readonly string[]) => {
    await app.send(
      'orders',
      orders.map(value => ({ key: 'o', value })),
    )
    await app.run([instance], 100)
  }
  await app.send('customers', [{ key: 'c', value: '5' }])
  await send('c:1')
  // Both are processed before the answer to the first.
  await send('none:2', 'none:3')
  expect(await app.values('out')).toEqual(['c:1|5'])
  await send('c:4')
  await send('none:5')
  expect(await app.values('out')).toEqual(['c:1|5', 'c:4|5', null])

  // And where the customer goes away meanwhile.
  await app.send('customers', [{ key: 'd', value: '7' }])
  await send('d:6')
  await app.send('customers', [{ key: 'd', value: null }])
  await send('d:7')
  expect((await app.values('out')).at(-1)).toBe('d:6|7')

  // And where the order goes away and comes again.
  await send('c:8')
  await app.send('orders', [
    { key: 'o', value: null },
    { key: 'o', value: 'none:9' },
  ])
  await app.run([instance], 100)
  expect((await app.values('out')).at(-1)).toBe('c:8|5')
  await instance.end({ clean: true, leave: true })
  await app.client.close()
})
