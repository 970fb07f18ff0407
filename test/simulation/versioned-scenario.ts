import { type KStream, type Plan, StreamsBuilder, string } from '@millrace/core'
import { type SimulatedInput, SIMULATION_START_MS } from '@millrace/testing'
import type { Scenario } from './scenarios.ts'

const PRODUCTS = ['mill', 'race', 'water', 'wheel']
const PRICES_OF_A_PRODUCT = 12
const SPAN_MS = 200_000
const GRACE_MS = 20_000
const texts = { key: string(), value: string() }

/** An order as its record has it: what tells it from others, and when it was made. */
interface Order {
  readonly id: string
  readonly atMs: number
}

const textOf = ({ id, atMs }: Order) => `${id}@${atMs}`
const orderOf = (text: string): Order => ({ id: text.slice(0, text.indexOf('@')), atMs: Number(text.split('@')[1]) })

/**
 * Each product's last orders come after all others, so that nothing waits any more. They wait themselves. There are some of them, since
 * one may be left out because a function fails on it.
 */
const LAST = 'last-of-'
const LASTS = 3

/**
 * Prices come in any order; orders are joined with the price that was valid when they were made, at once and after a while. They
 * are timed by a processor, so that they come after the prices whatever happens, and join as of before.
 */
export const PRICED_AS_OF: Scenario = {
  name: 'priced-as-of',
  output: 'priced',
  grows: false,
  plan(): Plan {
    const builder = new StreamsBuilder()
    const store = { name: 'prices', historyRetentionMs: 10 * SPAN_MS }
    const prices = builder.table('prices', { ...texts, store })
    const orders: KStream<string, string, 'key' | 'value'> = builder.stream('orders', texts).processValues(
      () => {
        let forward!: (key: string, value: string, timestamp: number) => void | Promise<void>
        return {
          init(context) {
            forward = (key, value, timestamp) => context.forward({ key, value, timestamp })
          },
          process: ({ key, value }) => forward(key, value, orderOf(value).atMs),
        }
      },
      { value: string() },
    )
    const priced = (text: string, price: string | null) => [orderOf(text).id, price ?? 'no price'] as const
    const now = orders.leftJoin(prices, priced).map(([id, price]) => [`${id} at once`, price])
    const later = orders
      .leftJoin(prices, priced, { graceMs: GRACE_MS, name: 'waits' })
      .map(([id, price]) => [`${id} later`, price])
    now.merge(later).to('priced', texts)
    return builder.build()
  },
  input(random, records) {
    const upTo = (limit: number) => Math.floor(random() * limit)
    const prices: SimulatedInput[] = PRODUCTS.flatMap(key =>
      Array.from({ length: PRICES_OF_A_PRODUCT }, () => {
        const timestamp = SIMULATION_START_MS + upTo(SPAN_MS)
        return { topic: 'prices', key, value: random() < 0.2 ? null : `${timestamp}`, timestamp, upFront: true }
      }),
    )
    const orders: SimulatedInput[] = Array.from({ length: records }, (_, index) => ({
      topic: 'orders',
      key: PRODUCTS[upTo(PRODUCTS.length)]!,
      value: textOf({ id: `order-${index}`, atMs: SIMULATION_START_MS + upTo(SPAN_MS) }),
      timestamp: SIMULATION_START_MS + SPAN_MS,
    }))
    const last: SimulatedInput[] = PRODUCTS.flatMap(key =>
      Array.from({ length: LASTS }, (_, n) => ({
        topic: 'orders',
        key,
        value: textOf({ id: `${LAST}${key}-${n}`, atMs: SIMULATION_START_MS + 2 * SPAN_MS }),
        timestamp: SIMULATION_START_MS + SPAN_MS,
      })),
    )
    return [...prices, ...orders, ...last]
  },
  expected(input) {
    const expected = new Map<string, string>()
    const prices = input.filter(({ topic }) => topic === 'prices')
    for (const { topic, key, value } of input) {
      if (topic !== 'orders') continue
      const { id, atMs } = orderOf(String(value))
      const before = prices.filter(price => price.key === key && price.timestamp! <= atMs)
      const valid = before.toSorted((a, b) => a.timestamp! - b.timestamp!).at(-1)
      for (const when of id.startsWith(LAST) ? ['at once'] : ['at once', 'later']) {
        expected.set(`${id} ${when}`, typeof valid?.value === 'string' ? valid.value : 'no price')
      }
    }
    return expected
  },
  showKey: String,
}
