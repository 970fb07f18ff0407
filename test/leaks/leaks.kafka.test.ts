import { sharedKafka } from '@millrace/dev-kafka'
import { expect, it } from 'vitest'
import { leaksOf } from './leaks.ts'

it('leaves nothing open and nothing in memory after close(), with a real Kafka and RocksDB', async () => {
  const { brokers } = await sharedKafka()
  expect(await leaksOf({ name: `leaks-${Date.now().toString(36)}`, brokers })).toEqual([])
})
