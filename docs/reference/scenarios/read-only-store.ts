import {
  type FixedKeyProcessor,
  type FixedKeyProcessorContext,
  keyValueStore,
  type Processor,
  type ProcessorContext,
  string,
  StreamsBuilder,
} from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const names = keyValueStore({ name: 'names', key: string(), value: string() })

/** Keeps what comes in. */
function keepNames(): Processor<string, string, never, never> {
  let context: ProcessorContext<never, never>
  return {
    init(given) {
      context = given
    },
    process({ key, value }) {
      context.store(names).put(key, value)
    },
  }
}

function greet(): FixedKeyProcessor<string, string, string> {
  let context: FixedKeyProcessorContext<string, string>
  return {
    init(given) {
      context = given
    },
    async process({ key, value }) {
      const name = (await context.store(names).get(key)) ?? 'stranger'
      await context.forward({ key, value: `${value}, ${name}` })
    },
  }
}

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder
  .addReadOnlyStateStore(names, 'names', texts, keepNames)
  .stream('visits', texts)
  .processValues(greet, { value: string(), stores: ['names'] })
  .to('greetings')
export const plan = builder.build()

export const input: Input = [
  [1, 'visits', 'a', 'welcome'],
  [2, 'names', 'a', 'Ada'],
  [3, 'visits', 'a', 'welcome back'],
]
