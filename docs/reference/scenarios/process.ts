import { keyValueStore, long, type Processor, type ProcessorContext, string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const seen = keyValueStore({ name: 'seen', key: string(), value: long() })

/** Passes on the first order of each customer, and says every ten seconds how many customers there are. */
function firstOrders(): Processor<string, string, string, string> {
  let context: ProcessorContext<string, string>
  let customers = 0
  return {
    init(given) {
      context = given
      context.schedule(10_000, 'stream-time', async timestamp => {
        await context.forward({ key: 'all', value: `${customers} customers`, timestamp })
      })
    },
    async process({ key, value, timestamp }) {
      const store = context.store(seen)
      if ((await store.get(key)) !== undefined) return
      store.put(key, BigInt(timestamp))
      customers += 1
      await context.forward({ key, value: `first order: ${value}` })
    },
  }
}

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder
  .stream('orders', texts)
  .process(firstOrders, { stores: [seen], ...texts })
  .to('first-orders')
export const plan = builder.build()

export const input: Input = [
  [1, 'orders', 'ada', 'tea'],
  [4, 'orders', 'ada', 'cake'],
  [3, 'orders', 'bob', 'cake'],
  [11, 'orders', 'ada', 'milk'],
  [35, 'orders', 'eve', 'tea'],
]
