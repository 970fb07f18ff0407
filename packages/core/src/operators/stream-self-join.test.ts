import { TopologyTestDriver } from '@millrace/testing'
import { readFileSync } from 'node:fs'
import { joinWindows, type Optimization, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'

const texts = { key: string(), value: string() }
// Made by Kafka Streams itself: see test/differential/describe-java/SelfJoin.java.
const java = readFileSync(new URL('fixtures/self-join.txt', import.meta.url), 'utf8')
  .trim()
  .split('\n')

/** The lines of input, each followed by what it gives. */
async function run(
  optimization: readonly Optimization[],
): Promise<{ lines: readonly string[]; topics: readonly string[] }> {
  const builder = new StreamsBuilder()
  const stream = builder.stream('s', texts)
  const windows = joinWindows({ beforeMs: 4, afterMs: 10, graceMs: 5 })
  stream.join(stream, (one, other) => one + other, { windows }).to('out', texts)
  await using driver = await TopologyTestDriver.create(builder.build({ optimization }), { initialWallClockMs: 0 })
  const input = driver.createInputTopic('s', texts)
  const output = driver.createOutputTopic('out', texts)
  const lines: string[] = []
  for (const line of java.filter(each => each.startsWith('in '))) {
    const [, key = '', value = '', timestamp] = line.split(' ')
    await input.pipeInput(key, value, { timestamp: Number(timestamp) })
    lines.push(line, ...output.readRecordsToList().map(each => `out ${each.key} ${each.value} ${each.timestamp}`))
  }
  return { lines, topics: driver.producedTopicNames() }
}

it('joins a stream with itself over one store, record for record as Kafka Streams does', async () => {
  const { lines, topics } = await run(['single.store.self.join'])
  expect(lines).toEqual(java)
  expect(topics).toEqual(['out', 'topology-test-driver-KSTREAM-JOINTHIS-0000000003-store-changelog'])
})

it('takes no note of the time of records without a value', async () => {
  const builder = new StreamsBuilder()
  const stream = builder.stream('s', texts)
  stream
    .join(stream, (one, other) => one + other, { windows: joinWindows({ timeDifferenceMs: 5, graceMs: 0 }) })
    .to('out', texts)
  await using driver = await TopologyTestDriver.create(builder.build({ optimization: ['single.store.self.join'] }))
  const input = driver.createInputTopic('s', texts)
  await input.pipeInput('a', null, { timestamp: 1_000 })
  await input.pipeInput('a', 'x', { timestamp: 10 })
  expect(driver.createOutputTopic('out', texts).readValuesToList()).toEqual(['xx'])
})
