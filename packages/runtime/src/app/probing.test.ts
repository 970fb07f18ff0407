import { type ClientFactory, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from './application.fixture.ts'

it('a member that is to look whether tasks can move asks for no rebalance while one is under way', async () => {
  const app = testApplication({ in: 2 })
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).groupByKey().count({ store: 'counts' })
  const reasons: string[] = []
  const client: ClientFactory = context => {
    const made = app.factory(context)
    const join = made.groupConsumer.bind(made)
    const groupConsumer: typeof made.groupConsumer = options => {
      const consumer = join(options)
      const ask = consumer.requestRejoin.bind(consumer)
      const requestRejoin: typeof ask = reason => {
        reasons.push(reason)
        ask(reason)
      }
      return Object.assign(consumer, { requestRejoin })
    }
    return Object.assign(made, { groupConsumer })
  }
  const start = (processId: string) =>
    app.start(builder.build(), {
      client,
      processId,
      acceptableRecoveryLag: 0,
      probingRebalanceIntervalMs: 2_000,
      processingGuarantee: 'exactly_once',
    })
  const first = await start('a')
  await app.send('in', [
    { value: 'x', partition: 0 },
    { value: 'y', partition: 1 },
  ])
  await app.run([first], 20)
  const second = await start('b')
  await app.run([first, second], 5)
  expect(first.tasks, 'the other instance warms up first').toHaveLength(2)

  const third = await start('c')
  await app.run([first, third], 40)
  expect(app.cluster.describeGroup('app')!.state).toBe('preparing')
  expect(reasons).toEqual([])

  await app.run([first, second, third], 100)
  expect([first, second, third].map(({ tasks }) => tasks.length).sort((a, b) => a - b)).toEqual([0, 1, 1])
  for (const instance of [first, second, third]) await instance.end({ clean: true, leave: true })
  await app.client.close()
})
