import { type ClientFactory, millraceError, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from './application.fixture.ts'

const texts = { key: string(), value: string() }

/** Polls that have fetched wait for `beforeAnswer` until they answer, and tasks that start for `beforeStart`. */
function slowToAnswer(
  factory: ClientFactory,
  beforeAnswer: () => Promise<void>,
  beforeStart: () => Promise<void>,
): ClientFactory {
  return context => {
    const client = factory(context)
    const open = client.groupConsumer.bind(client)
    const groupConsumer: typeof client.groupConsumer = options => {
      const consumer = open(options)
      const fetch = consumer.poll.bind(consumer)
      const poll = async (maxWaitMs: number) => {
        const batches = await fetch(maxWaitMs)
        await beforeAnswer()
        return batches
      }
      const readCommitted = consumer.committed.bind(consumer)
      const committed: typeof readCommitted = async partitions => {
        await beforeStart()
        return readCommitted(partitions)
      }
      return Object.assign(consumer, { poll, committed })
    }
    return Object.assign(client, { groupConsumer })
  }
}

it('leaves no gap when a poll from before the start of a task is answered after it', async () => {
  const app = testApplication({ in: 1 })
  const send = (...values: readonly string[]) =>
    app.send(
      'in',
      values.map(value => ({ value })),
    )
  const seen: string[] = []
  const builder = new StreamsBuilder()
  builder.stream('in', texts).foreach((_value, value) => void seen.push(value))
  let beforeAnswer = () => Promise.resolve()
  let beforeStart = Promise.resolve()
  const instance = app.instance(builder.build(), {
    client: slowToAnswer(
      app.factory,
      () => beforeAnswer(),
      () => beforeStart,
    ),
    commitIntervalMs: 3_600_000,
  })
  const turn = () => new Promise<void>(resolve => void setImmediate(resolve))
  const rounds = async (until: () => boolean) => {
    for (let round = 0; round < 100 && !until(); round++) {
      await instance.step(0)
      await turn()
    }
  }
  await instance.begin(new AbortController().signal)
  await send('a', 'b')
  await rounds(() => seen.length === 2)
  expect(seen).toEqual(['a', 'b'])

  // The tasks are recreated from what was committed, which is nothing, while the consumer still stands behind "b".
  beforeAnswer = () =>
    Promise.reject(millraceError('MILLRACE_CLIENT_UNAVAILABLE', { brokers: 'the cluster', reason: 'a test' }))
  seen.length = 0
  await send('c')
  const failed = instance.step(0)
  while (instance.tasks.length > 0) await turn()
  await send('d')
  const fetched = Promise.withResolvers<void>()
  beforeStart = fetched.promise
  beforeAnswer = async () => {
    fetched.resolve()
    for (let turns = 0; instance.tasks.length === 0 && turns < 100; turns++) await turn()
  }
  await app.clock.advance(1_000)
  await failed
  await rounds(() => seen.length >= 4)
  expect(seen).toEqual(['a', 'b', 'c', 'd'])
  await instance.end({ clean: true, leave: true })
  await app.client.close()
})
