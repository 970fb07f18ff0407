import { type AsyncOrdering, StreamsBuilder, string } from '@millrace/core'
import { simulate } from '@millrace/testing'
import { expect, it } from 'vitest'
import { seeds } from './seeds.ts'

const texts = { key: string(), value: string() }
const input = Array.from({ length: 40 }, (_, n) => ({ topic: 'in', key: `k${n % 5}`, value: `v${n}` }))

/** Calls end in another order than they begin; the first attempt of every seventh fails, and the pause after it takes time. */
function calling(ordering: AsyncOrdering) {
  let turn = 0
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .mapValuesAsync(
      async (value, _key, { attempt }) => {
        for (let turns = (turn += 3) % 7; turns > 0; turns--) await Promise.resolve()
        if (attempt === 1 && Number(value.slice(1)) % 7 === 0) throw new Error('not yet')
        return value
      },
      { ordering, concurrency: 8, retry: { times: 1, backoffMs: 700 } },
    )
    .to('out', texts)
  return builder.build()
}

it.each(['partition', 'key', 'none'] as const)(
  'loses and doubles nothing with results in the order of %s, whatever happens',
  async ordering => {
    const compare = ordering === 'none' ? 'each' : 'each-in-order'
    for (const seed of seeds(40)) {
      const { violations, history } = await simulate(calling(ordering), { seed, input, compare, shrink: false })
      expect(violations, `seed ${seed}\n${history.join('\n')}`).toEqual([])
    }
  },
)
