import { hopping, long, sessions, sliding, string, StreamsBuilder, tumbling, type Windowed } from '@millrace/core'
import { expect, it } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

const texts = { key: string(), value: string() }
const counts = { key: string(), value: long() }
const asText = (_value: unknown, key: Windowed<string>) => String(key)

function countedTo(topic: string, windows: 'tumbling' | 'hopping' | 'sliding' | 'session' | 'suppressed') {
  const builder = new StreamsBuilder()
  const grouped = builder.stream('in', texts).groupByKey()
  const tumblingCount = () => grouped.windowedBy(tumbling({ sizeMs: 10, graceMs: 0 })).count({ store: 'counts' })
  const table = {
    tumbling: tumblingCount,
    hopping: () => grouped.windowedBy(hopping({ sizeMs: 10, advanceMs: 10, graceMs: 0 })).count(),
    sliding: () => grouped.windowedBy(sliding({ timeDifferenceMs: 10, graceMs: 0 })).count(),
    session: () => grouped.windowedBy(sessions({ inactivityGapMs: 10, graceMs: 0 })).count({ store: 'sessions' }),
    suppressed: () => tumblingCount().suppress({ until: 'window-closes' }),
  }[windows]()
  table.toStream(asText).to(topic, counts)
  return builder.build()
}

it.each([
  ['tumbling', '[ann@20/30]'],
  ['hopping', '[ann@20/30]'],
  ['sliding', '[ann@15/25]'],
  ['session', '[ann@25/25]'],
  ['suppressed', '[ann@20/30]'],
] as const)(
  'the key of a %s window as text is the one that Java prints, with and without a cache',
  async (kind, text) => {
    for (const commitEachRecord of [true, false]) {
      await using driver = await TopologyTestDriver.create(countedTo('out', kind), { commitEachRecord })
      const input = driver.createInputTopic('in', texts)
      await input.pipeInput('ann', 'x', { timestamp: 25 })
      await driver.commit()
      if (kind === 'suppressed') await input.pipeInput('late', 'x', { timestamp: 100 })
      await driver.commit()
      expect(driver.createOutputTopic('out', counts).readKeyValue()).toEqual([text, 1n])
    }
  },
)

it('is the same in a processor that walks a session store', async () => {
  await using driver = await TopologyTestDriver.create(countedTo('out', 'session'))
  await driver.createInputTopic('in', texts).pipeInput('ann', 'x', { timestamp: 25 })
  const store = driver.sessionStore<string, bigint>('sessions')
  const keys: string[] = []
  for await (const [key] of store.all()) keys.push(String(key))
  for await (const [key] of store.fetchKeys({ from: 'a', to: 'z' })) keys.push(String(key))
  expect(keys).toEqual(['[ann@25/25]', '[ann@25/25]'])
})
