/**
 * How to test a topology: with the `TopologyTestDriver`, which runs it on a Kafka in memory, with a clock that only the test
 * moves. It is the runtime of production, so partitions, commits, rebalances and crashes are real.
 *
 *     npx vitest run examples/04-test-a-topology.test.ts
 */
import { TopologyTestDriver } from '@millrace/testing'
import { long, string, timeWindowed } from 'millrace'
import { expect, test } from 'vitest'
import { wordCount } from './01-word-count.ts'
import { pageViewsPerMinute } from './03-page-views-per-minute.ts'

const texts = { key: string(), value: string() }

test('each word is counted', async () => {
  await using driver = await TopologyTestDriver.create(wordCount())
  const lines = driver.createInputTopic('lines', texts)
  const counts = driver.createOutputTopic('word-counts', { key: string(), value: long() })

  // Resolves when everything that follows from the line has been done.
  await lines.pipeInput('To be, or not to be')
  expect(counts.readKeyValue()).toEqual(['to', 1n])
  expect(counts.readKeyValuesToMap()).toEqual(
    new Map([
      ['be', 2n],
      ['or', 1n],
      ['not', 1n],
      ['to', 2n],
    ]),
  )

  // Stores can be looked into by their names.
  expect(await driver.keyValueStore('counts').get('be')).toBe(2n)
})

test('a view that comes too late is not counted', async () => {
  await using driver = await TopologyTestDriver.create(pageViewsPerMinute())
  const views = driver.createInputTopic('page-views', { ...texts, startMs: 0 })
  const counts = driver.createOutputTopic('page-views-per-minute', {
    key: timeWindowed(string(), { sizeMs: 60_000 }),
    value: long(),
  })
  const countOf = () => counts.readKeyValuesToList().map(([key, count]) => [key!.key, key!.window.start, count])

  await views.pipeInput('ada', 'home')
  await views.pipeInput('bob', 'home', { timestamp: 69_999 })
  await views.pipeInput('eve', 'home', { timestamp: 59_000 })
  expect(countOf()).toEqual([
    ['home', 0, 1n],
    ['home', 60_000, 1n],
    ['home', 0, 2n],
  ])

  await views.pipeInput('bob', 'home', { timestamp: 70_000 }) // the first minute and its 10 seconds are over
  await views.pipeInput('eve', 'home', { timestamp: 59_000 })
  expect(countOf()).toEqual([['home', 60_000, 2n]])
})

test('counts survive a crash', async () => {
  await using driver = await TopologyTestDriver.create(wordCount(), {
    partitions: 4,
    instances: 2,
    processingGuarantee: 'exactly_once',
  })
  const lines = driver.createInputTopic('lines', texts)
  const counts = driver.createOutputTopic('word-counts', { key: string(), value: long() })

  await lines.pipeInput('not to be')
  await driver.removeInstance(0, { crash: true })
  await lines.pipeInput('to be')
  expect(counts.readKeyValuesToMap()).toEqual(
    new Map([
      ['not', 1n],
      ['to', 2n],
      ['be', 2n],
    ]),
  )
})
