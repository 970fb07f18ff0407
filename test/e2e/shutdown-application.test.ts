import { sharedKafka } from '@millrace/dev-kafka'
import { KafkaStreams, silentLogger, StreamsBuilder, string } from 'millrace'
import { expect, it } from 'vitest'
import { clientUnderTest } from './client-under-test.ts'
import { eventually, topicIo } from '../topic-io.ts'

const LIMIT_MS = 60_000

it('an error that is to end the application ends the instances in all processes', async () => {
  const { brokers } = await sharedKafka()
  await using io = topicIo(clientUnderTest(brokers))
  const name = `shutdown-all-${Date.now().toString(36)}`
  const [input, output] = [`${name}-in`, `${name}-out`]
  for (const topic of [input, output]) await io.createTopic(topic, 2)
  const builder = new StreamsBuilder()
  builder
    .stream(input, { key: string(), value: string() })
    .mapValues(value => {
      if (value === 'bad') throw new Error('bad record')
      return value
    })
    .to(output, { value: string() })
  const plan = builder.build()
  const all = ['a', 'b'].map(
    processId =>
      new KafkaStreams(plan, {
        ...{ applicationId: name, processId, client: clientUnderTest(brokers), logger: silentLogger },
        onUncaughtError: () => 'shutdown-application',
      }),
  )
  try {
    await Promise.all(all.map(app => app.start()))
    const shares = async () => all.map(app => app.tasks().length)
    await eventually('a share for each', LIMIT_MS, shares, ([a, b]) => a === 1 && b === 1)
    await io.produce(input, [{ partition: 0, key: null, value: 'bad', timestamp: Date.now() }])
    const ends = await Promise.all(all.map(app => app.ended().catch((error: { readonly code: string }) => error.code)))
    expect(ends).toEqual(expect.arrayContaining(['MILLRACE_APPLICATION_SHUTDOWN', 'MILLRACE_PROCESSING_FAILED']))
    expect(all.map(app => app.state)).toEqual(['ERROR', 'ERROR'])
  } finally {
    await Promise.all(all.map(app => app.close()))
  }
})
