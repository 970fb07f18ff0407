import { expect, it } from 'vitest'
import { leaksOf } from './leaks.ts'

it('leaves nothing open and nothing in memory after close(), with the Kafka in memory and RocksDB', async () => {
  expect(await leaksOf({ name: 'leaks' })).toEqual([])
})
