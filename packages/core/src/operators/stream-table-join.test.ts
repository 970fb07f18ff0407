import { TopologyTestDriver } from '@millrace/testing'
import { sessions, sessionWindowed, StreamsBuilder, string, timeWindowed, tumbling } from '@millrace/core'
import { expect, it } from 'vitest'

it('joins a stream with the window that its key names, through the steps above', async () => {
  const texts = { key: string(), value: string() }
  const builder = new StreamsBuilder()
  const counts = builder
    .stream('in', texts)
    .groupByKey()
    .windowedBy(tumbling({ sizeMs: 10, graceMs: 0 }))
    .count()
  const repeated = counts.filter(count => count > 1n).mapValues(count => `${count} times`)
  counts
    .toStream()
    .leftJoin(repeated, (count, text) => text ?? `only ${count}`)
    .to('out', { value: string() })
  await using driver = await TopologyTestDriver.create(builder.build())
  const input = driver.createInputTopic('in', texts)
  const output = driver.createOutputTopic('out', { key: timeWindowed(string(), { sizeMs: 10 }), value: string() })
  for (const timestamp of [5, 6, 15]) await input.pipeInput('a', 'x', { timestamp })
  expect(output.readKeyValuesToList()).toEqual([
    [{ key: 'a', window: { start: 0, end: 10 } }, 'only 1'],
    [{ key: 'a', window: { start: 0, end: 10 } }, '2 times'],
    [{ key: 'a', window: { start: 10, end: 20 } }, 'only 1'],
  ])
})

it('joins a stream with the session that its key names', async () => {
  const texts = { key: string(), value: string() }
  const builder = new StreamsBuilder()
  const counts = builder
    .stream('in', texts)
    .groupByKey()
    .windowedBy(sessions({ inactivityGapMs: 10, graceMs: 0 }))
    .count()
  const repeated = counts.mapValues(count => `${count} times`)
  counts
    .toStream()
    .leftJoin(repeated, (count, text) => `${count}: ${text}`)
    .to('out', { value: string() })
  await using driver = await TopologyTestDriver.create(builder.build())
  const input = driver.createInputTopic('in', texts)
  const output = driver.createOutputTopic('out', { key: sessionWindowed(string()), value: string() })
  for (const timestamp of [5, 12, 40]) await input.pipeInput('a', 'x', { timestamp })
  const session = (start: number, end: number) => ({ key: 'a', window: { start, end } })
  expect(output.readKeyValuesToList()).toEqual([
    [session(5, 5), '1: 1 times'],
    [session(5, 12), '2: 2 times'],
    [session(40, 40), '1: 1 times'],
  ])
})
