import { type ClientFactory, StreamsBuilder, string, type TopicPartitionOffset } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from '../app/application.fixture.ts'

const texts = { key: string(), value: string() }
const PARTITIONS = 3
const RECORDS = 40

/** What each consumer outside of the group is given to read, call by call. */
function assignments(factory: ClientFactory, seen: (readonly TopicPartitionOffset[])[]): ClientFactory {
  return context => {
    const client = factory(context)
    const open = client.consumer.bind(client)
    const consumer: typeof open = options => {
      const opened = open(options)
      const pass = opened.assign.bind(opened)
      const assign: typeof pass = positions => {
        seen.push(positions)
        return pass(positions)
      }
      return Object.assign(opened, { assign })
    }
    return Object.assign(client, { consumer })
  }
}

it('copies all partitions of all global tables at once, through one consumer', async () => {
  const app = testApplication({ one: PARTITIONS, two: PARTITIONS, in: 1 })
  const builder = new StreamsBuilder()
  for (const topic of ['one', 'two']) builder.globalTable(topic, { ...texts, store: `all-of-${topic}` })
  builder.stream('in', texts)
  for (const topic of ['one', 'two']) {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      await app.send(
        topic,
        Array.from({ length: RECORDS }, (_, n) => ({ value: `${topic}-${partition}-${n}`, partition })),
      )
    }
  }
  const seen: (readonly TopicPartitionOffset[])[] = []
  const events: string[] = []
  const instance = await app.start(
    builder.build(),
    { client: assignments(app.factory, seen) },
    {
      listener: {
        onRestoreStart: ({ topic, partition }) => void events.push(`start ${topic}-${partition}`),
        onRestoreEnd: ({ topic, partition, restored }) => void events.push(`end ${topic}-${partition} ${restored}`),
      },
    },
  )
  const all = ['one', 'two'].flatMap(topic => Array.from({ length: PARTITIONS }, (_, n) => `${topic}-${n}`))
  expect(seen[0]!.map(({ topic, partition, offset }) => [`${topic}-${partition}`, offset])).toEqual(
    all.map(name => [name, 0]),
  )
  expect(events.slice(0, all.length)).toEqual(all.map(name => `start ${name}`))
  expect(events.slice(all.length).sort()).toEqual(all.map(name => `end ${name} ${RECORDS}`))
  await instance.end({ clean: true, leave: true })
})
