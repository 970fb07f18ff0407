import { int, json, type ProcessorContext, type Serde, StreamsBuilder, string } from '@millrace/core'
import { SIMULATION_START_MS } from '@millrace/testing'
import type { Scenario } from './scenarios.ts'

const texts = { key: string(), value: string() }
const KEYS = ['mill', 'race', 'wheel']
/**
 * Where a record fails: below a store that may have a cache, in a branch after it, at an output that cannot encode it, at a store that cannot
 * encode its entry, in a partitioner that throws or chooses no partition of the topic, and at the broker, which refuses what is too large or too
 * far ahead.
 */
const PLACES = ['below', 'branch', 'sink', 'large', 'ahead', 'store', 'partitioner', 'partition']
const DAY_MS = 86_400_000

function failsAt(place: string, value: string): void {
  if (value === place) throw new Error(`fails at the ${place}`)
}

interface Sum {
  readonly total: number
  readonly last: string
}

/** With a cache the entry is encoded when the cache is flushed: then it may be that of a later record, and nothing fails. */
function failingSums(): Serde<Sum> {
  const inner = json<Sum>()
  return {
    name: 'sums',
    serialize(value, topic, headers) {
      failsAt('store', value.last)
      return inner.serialize(value, topic, headers)
    },
    deserialize: (bytes, topic, headers) => inner.deserialize(bytes, topic, headers),
  }
}

/**
 * Records that fail after they have changed a store and been sent: the totals are those of the others. Some have a processor begin
 * what it does not wait for, which comes to nothing.
 */
export const GIVEN_UP: Scenario = {
  name: 'given-up-records',
  output: 'totals',
  grows: true,
  givesUp: true,
  // Some sixty copies of one byte are too much for one batch as well, and are to be sent in parts.
  topicConfigs: { copies: { 'max.message.bytes': '1000', 'message.timestamp.after.max.ms': String(DAY_MS / 2) } },
  plan() {
    const builder = new StreamsBuilder()
    const orders = builder.stream('orders', texts).process<string, string>(() => {
      let context: ProcessorContext<string, string>
      const goOnLate = async () => {
        for (let turn = 0; turn < 10; turn++) await Promise.resolve()
        try {
          await context.forward({ key: 'late', value: '1' })
        } catch {
          // It is refused, and nobody waits for it.
        }
      }
      return {
        init: given => void (context = given),
        process(record) {
          if (record.value === 'forgets') return void goOnLate()
          const timestamp = record.value === 'ahead' ? record.timestamp + DAY_MS : record.timestamp
          return context.forward({ ...record, timestamp })
        },
      }
    })
    orders
      .groupByKey(texts)
      .aggregate(
        () => ({ total: 0, last: '' }),
        ({ total }, value) => ({ total: total + (Number(value) || 0), last: value }),
        { key: string(), value: failingSums(), store: 'sums' },
      )
      .toStream()
      .mapValues(sum => {
        const { total, last } = sum ?? { total: 0, last: '' }
        failsAt('below', last)
        return total
      })
      .to('totals', { key: string(), value: int() })
    orders
      .mapValues(value => {
        failsAt('branch', value)
        if (value === 'sink') return 1 as never
        if (value === 'large') return 'x'.repeat(2_000)
        return value.startsWith('partition') ? value : '1'
      })
      .to('copies', {
        ...texts,
        partitioner(value) {
          failsAt('partitioner', value)
          return value === 'partition' ? 99 : undefined
        },
      })
    return builder.build()
  },
  input: (random, records) =>
    Array.from({ length: records }, (_, index) => {
      const chance = random()
      const bad = PLACES[Math.floor(chance * 30)] ?? (chance > 0.95 ? 'forgets' : undefined)
      const key = KEYS[Math.floor(random() * KEYS.length)]!
      const value = bad ?? String(1 + Math.floor(random() * 9))
      return { topic: 'orders', key, value, timestamp: SIMULATION_START_MS + index }
    }),
  expected(input) {
    const totals = new Map<string, string>()
    for (const { key, value } of input) {
      const amount = Number(value)
      if (amount > 0) totals.set(String(key), String(Number(totals.get(String(key)) ?? 0) + amount))
    }
    return totals
  },
  showKey: String,
}
