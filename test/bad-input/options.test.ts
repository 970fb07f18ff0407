import { KafkaStreams, type KafkaStreamsOptions, memoryClient, MemoryCluster, StreamsBuilder, string } from 'millrace'
import { systemClock } from '@millrace/core'
import { expect, it } from 'vitest'

it.each([
  {
    option: 'aplicationId',
    given: { aplicationId: 'app' },
    says: 'no such option exists; did you mean "applicationId"',
  },
  {
    option: 'commitIntervalMs',
    given: { commitIntervalMs: '1s' },
    says: 'it must be a whole number of milliseconds',
  },
  {
    option: 'processingGuarantee',
    given: { processingGuarantee: 'exactly-once' },
    says: 'at_least_once or exactly_once',
  },
  { option: 'applicationId', given: { applicationId: 'my app' }, says: '1 to 180 letters' },
  { option: 'onBadRecord', given: { onBadRecord: 'skip' }, says: '"continue" or { deadLetterTopic }' },
])('a mistake in the option $option is named before anything starts', ({ option, given, says }) => {
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).to('out')
  const client = memoryClient(new MemoryCluster({ clock: systemClock }))
  // What a JavaScript user can write, and a TypeScript user when the options come from a file.
  const options = { applicationId: 'app', client, ...given } as unknown as KafkaStreamsOptions
  expect(() => new KafkaStreams(builder.build(), options)).toThrow(
    expect.objectContaining({
      code: 'MILLRACE_CONFIG_INVALID',
      kind: 'config',
      message: expect.stringMatching(new RegExp(`${option}.*${escape(says)}`)) as unknown,
      hint: expect.stringContaining('docs/configuration.md') as unknown,
    }),
  )
})

function escape(text: string): string {
  return text.replace(/[{}()|.]/g, '\\$&')
}
