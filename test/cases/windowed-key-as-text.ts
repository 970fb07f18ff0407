// The key of a window is used as text: `${windowed}` in map, String(windowed) in toStream((count, key) => …).
// Right: [key@start/end], as Windowed.toString() gives in Java. (Where TypeScript can refuse the use, that is right as well.)
// At 19161dd: "[object Object]", the same key for all users and all windows.
import { TopologyTestDriver } from '@millrace/testing'
import { long, sessions, string, StreamsBuilder, tumbling } from 'millrace'
import { check } from './check.ts'

const texts = { key: string(), value: string() }
const counts = { key: string(), value: long() }
const builder = new StreamsBuilder()
const grouped = builder.stream('in', texts).groupByKey()
const perMinute = grouped.windowedBy(tumbling({ sizeMs: 60_000, graceMs: 0 })).count()
perMinute
  .toStream()
  // oxlint-disable-next-line typescript/restrict-template-expressions -- what is shown here
  .map((count, windowed) => [`${windowed}`, count])
  .to('tumbling', counts)
const perSession = grouped.windowedBy(sessions({ inactivityGapMs: 1_000, graceMs: 0 })).count()
perSession.toStream((_count, windowed) => String(windowed)).to('sessions', counts)

await using driver = await TopologyTestDriver.create(builder.build())
const input = driver.createInputTopic('in', texts)
await input.pipeInput('ann', 'x', { timestamp: 60_000 })
await input.pipeInput('bob', 'x', { timestamp: 120_500 })
const keys = (topic: string) =>
  driver
    .createOutputTopic(topic, counts)
    .readKeyValuesToList()
    .map(([key]) => key)
check('tumbling windows', keys('tumbling'), ['[ann@60000/120000]', '[bob@120000/180000]'])
check('sessions', keys('sessions'), ['[ann@60000/60000]', '[bob@120500/120500]'])
process.exit()
