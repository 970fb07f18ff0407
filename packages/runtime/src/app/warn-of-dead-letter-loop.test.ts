import { type Logger, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from './application.fixture.ts'

it.each([
  ['dead', 0],
  ['in', 1],
] as const)('warns of a dead-letter topic that the application reads: %s', async (deadLetterTopic, warnings) => {
  const said: string[] = []
  const logger: Logger = { debug() {}, info() {}, error() {}, warn: (_fields, message) => void said.push(message) }
  const app = testApplication({ in: 1, out: 1, dead: 1 })
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).to('out')
  const instance = await app.start(builder.build(), { logger, onBadRecord: { deadLetterTopic } })
  expect(said.filter(message => message.includes('dead-letter topic'))).toHaveLength(warnings)
  await instance.end({ clean: true, leave: true })
  await app.client.close()
})
