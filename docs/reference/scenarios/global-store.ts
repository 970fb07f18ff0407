import {
  double,
  type FixedKeyProcessor,
  type FixedKeyProcessorContext,
  keyValueStore,
  type Processor,
  type ProcessorContext,
  string,
  StreamsBuilder,
} from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const rates = keyValueStore({ name: 'rates', key: string(), value: double(), logging: false })

/** Keeps what comes in. */
function keepRates(): Processor<string, number, never, never> {
  let context: ProcessorContext<never, never>
  return {
    init(given) {
      context = given
    },
    process({ key, value }) {
      context.store(rates).put(key, value)
    },
  }
}

/** Any processor may read a global store, without being connected to it. */
function convert(): FixedKeyProcessor<string, number, number> {
  let context: FixedKeyProcessorContext<string, number>
  return {
    init(given) {
      context = given
    },
    async process({ key, value }) {
      const rate = await context.store(rates).get('eur')
      if (rate !== undefined) await context.forward({ key, value: value * rate })
    },
  }
}

const numbers = { key: string(), value: double() }

const builder = new StreamsBuilder()
builder
  .addGlobalStore(rates, 'rates', numbers, keepRates)
  .stream('prices', numbers)
  .processValues(convert, { value: double() })
  .to('prices-in-euro')
export const plan = builder.build()

export const input: Input = [
  [1, 'prices', 'tea', 4],
  [2, 'rates', 'eur', 0.5],
  [3, 'prices', 'tea', 4],
]
