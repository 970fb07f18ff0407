// One topic is read by two streams: as text and as JSON; or with two timestamp extractors.
// Right: each stream has its own serdes and extractor; or build() refuses the second stream with MILLRACE_TOPOLOGY_SOURCES_DIFFER, as
//   it does for two values of offsetReset.
// At 19161dd: the second stream gets what the first one was given, without a word: its "objects" are strings, its timestamps those of
//   the first.
import { TopologyTestDriver } from '@millrace/testing'
import { json, string, StreamsBuilder } from 'millrace'
import { check, outcome } from './check.ts'

const texts = { key: string(), value: string() }
const refused = (seen: unknown) => /^MILLRACE_TOPOLOGY_\w+ \(topology\)/.test(String(seen))

const types = await outcome(async () => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .mapValues(value => typeof value as string)
    .to('out-1', texts)
  builder
    .stream('in', { key: string(), value: json<{ a: number }>() })
    .mapValues(value => typeof value as string)
    .to('out-2', texts)
  await using driver = await TopologyTestDriver.create(builder.build())
  await driver.createInputTopic('in', texts).pipeInput('k', '{"a":1}')
  return ['out-1', 'out-2'].map(topic => driver.createOutputTopic(topic, texts).readValue())
})
check('types of the value, read as text and as JSON', types, refused(types) ? types : ['string', 'object'])

const times = await outcome(async () => {
  const builder = new StreamsBuilder()
  builder.stream('in', texts).to('out-1', texts)
  builder.stream('in', { ...texts, timestampExtractor: () => 5 }).to('out-2', texts)
  await using driver = await TopologyTestDriver.create(builder.build())
  await driver.createInputTopic('in', texts).pipeInput('k', 'v', { timestamp: 77 })
  return ['out-1', 'out-2'].map(topic => driver.createOutputTopic(topic, texts).readRecordsToList()[0]?.timestamp)
})
check('timestamps, without and with an extractor', times, refused(times) ? times : [77, 5])
process.exit()
