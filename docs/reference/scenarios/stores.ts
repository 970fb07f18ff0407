import { type Processor, type ProcessorContext, string, StreamsBuilder, windowStore } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const DAY = 86_400_000
const sightings = windowStore({
  name: 'sightings',
  key: string(),
  value: string(),
  windowSizeMs: DAY,
  retentionMs: 2 * DAY,
})

/** Passes on a bird only when it has not been seen before on the same day. */
function newOnThatDay(): Processor<string, string, string, string> {
  let context: ProcessorContext<string, string>
  return {
    init(given) {
      context = given
    },
    async process({ key, value, timestamp }) {
      const store = context.store(sightings)
      const day = Math.floor(timestamp / DAY) * DAY
      if ((await store.fetch(key, day)) !== undefined) return
      store.put(key, value, day)
      await context.forward({ key, value })
    },
  }
}

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder
  .stream('birds', texts)
  .process(newOnThatDay, { stores: [sightings], ...texts })
  .to('first-birds')
export const plan = builder.build()

export const input: Input = [
  [30_000, 'birds', 'owl', 'Ada'],
  [50_000, 'birds', 'owl', 'Bob'],
  [100_000, 'birds', 'owl', 'Eve'],
  [60_000, 'birds', 'owl', 'Kim'], // late: the first day is still kept
]
