import { StreamsBuilder, string } from '@millrace/core'
import { KafkaStreams, type KafkaStreamsOptions, silentLogger } from '../../../index.ts'

/** Of an application whose broker does not answer: enough for what happens before. */
export const plan = (topic = 'in') => {
  const builder = new StreamsBuilder()
  builder.stream(topic, { key: string(), value: string() }).foreach(() => undefined)
  return builder.build()
}

export const options: KafkaStreamsOptions = {
  applicationId: 'threads-test',
  client: () => {
    throw new Error('this client connects to nothing')
  },
  logger: silentLogger,
  threads: 2,
}

export { KafkaStreams }
