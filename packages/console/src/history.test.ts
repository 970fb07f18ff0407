import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { StreamsBuilder, string, systemClock } from '@millrace/core'
import { KafkaStreams, silentLogger } from '@millrace/runtime'
import { expect, it } from 'vitest'
import { History } from './history.ts'

it('keeps counters of an hour, however often pages ask for them', () => {
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).foreach(() => undefined)
  const client = memoryClient(new MemoryCluster({ clock: systemClock }))
  const streams = new KafkaStreams(builder.build(), { applicationId: 'app', client, logger: silentLogger })
  let now = 0
  const history = new History(streams, () => ++now)
  for (let asked = 0; asked < 1_000; asked++) history.answer()
  expect(history.answer().samples.map(({ at }) => at)).toEqual([1, 1_002])
  history.close()
})
