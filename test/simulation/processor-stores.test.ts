import {
  customStore,
  int,
  keyValueStoreWithHeaders,
  type ProcessorContext,
  type StateStore,
  type StateStoreContext,
  StreamsBuilder,
  string,
} from '@millrace/core'
import { simulate } from '@millrace/testing'
import { expect, it } from 'vitest'
import { seeds } from './seeds.ts'

const texts = { key: string(), value: string() }
const input = (random: () => number) =>
  Array.from({ length: 60 }, (_, n) => ({ topic: 'in', key: `k${Math.floor(random() * 6)}`, value: `v${n}` }))

/** How often each key came, and which came most often; what is counted is written at each commit. */
interface Ranking extends StateStore<string, number> {
  add(key: string): string
}

function rankingOf({ entries }: StateStoreContext<string, number>): Ranking {
  const counts = new Map<string, number>()
  const unwritten = new Set<string>()
  return {
    async restore(committed) {
      for await (const [key, count] of committed) counts.set(key, count)
    },
    flush() {
      for (const key of unwritten) entries.put(key, counts.get(key)!)
      unwritten.clear()
    },
    add(key) {
      counts.set(key, (counts.get(key) ?? 0) + 1)
      unwritten.add(key)
      const [first] = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
      return `${first![0]} ${first![1]}`
    },
  }
}

const ranking = customStore({ name: 'ranking', key: string(), value: int(), open: rankingOf })
const last = keyValueStoreWithHeaders({ name: 'last', ...texts })

/** Passes on who is first, with the headers of what the key brought before. */
function topology() {
  const builder = new StreamsBuilder()
  builder
    .addStateStore(ranking)
    .addStateStore(last)
    .stream('in', texts)
    .process<string, string>(
      () => {
        let context!: ProcessorContext<string, string>
        return {
          init: given => {
            context = given
          },
          process: async ({ key, value, timestamp }) => {
            const before = await context.store(last).get(key)
            const trace = before?.headers.map(header => Buffer.from(header.value ?? []).toString()).join()
            const headers = [{ key: 'trace', value: Buffer.from(`${trace ?? ''}.${value}`.slice(-20)) }]
            context.store(last).put(key, { value, timestamp, headers })
            await context.forward({ key, value: `${context.store(ranking).add(key)} ${trace}` })
          },
        }
      },
      { stores: ['ranking', 'last'] },
    )
    .to('out', texts)
  return builder.build()
}

it.each(seeds(8))(
  'gives the same results from custom stores and those with headers, whatever happens (seed %i)',
  async seed => {
    const { violations, history } = await simulate(topology(), {
      seed,
      input,
      guarantee: 'exactly_once',
      compare: 'each-in-order',
      shrink: false,
    })
    expect(violations, history.join('\n')).toEqual([])
  },
)
