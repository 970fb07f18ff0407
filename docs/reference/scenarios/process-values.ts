import { double, type FixedKeyProcessor, type FixedKeyProcessorContext, string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

/** Says for each reading whether it is above the last one of its key, and forgets it every 30 s. */
function trends(): FixedKeyProcessor<string, number, string> {
  const last = new Map<string, number>()
  let context: FixedKeyProcessorContext<string, string>
  return {
    init(given) {
      context = given
      context.schedule(30_000, 'wall-clock', () => {
        last.clear()
      })
    },
    async process({ key, value }) {
      const before = last.get(key)
      last.set(key, value)
      const trend = before === undefined ? 'first' : value > before ? 'rises' : 'falls'
      await context.forward({ key, value: trend })
    },
  }
}

const builder = new StreamsBuilder()
builder.stream('readings', { key: string(), value: double() }).processValues(trends, { value: string() }).to('trends')
export const plan = builder.build()

export const input: Input = [
  [1, 'readings', 'oven', 180],
  [4, 'readings', 'oven', 182.5],
  [3, 'readings', 'oven', 181],
  { wallClockSeconds: 30 },
  [5, 'readings', 'oven', 183],
]
