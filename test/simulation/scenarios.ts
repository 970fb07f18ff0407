import { int, json, long, type Plan, StreamsBuilder, string, timeWindowed } from '@millrace/core'
import { tumbling } from '@millrace/core'

/** What a simulated run puts in. */
export interface InputRecord {
  readonly topic: string
  readonly key: string
  readonly value: string
  readonly timestamp: number
}

/** A topology with the input that fits it and the results that must come of it, whatever happens on the way. */
export interface Scenario {
  readonly name: string
  readonly topics: readonly string[]
  readonly output: string
  plan(): Plan
  /** Topics that are filled before anything starts come first. */
  input(random: () => number, records: number): readonly InputRecord[]
  /** The last value of each key of the output, as text. */
  expected(input: readonly InputRecord[]): ReadonlyMap<string, string>
  /** Key and value of an output record as text. */
  show(key: Buffer, value: Buffer): readonly [key: string, value: string]
  /** Each further value of a key is larger than the one before: a repetition or a step back shows something done twice or lost. */
  readonly grows: boolean
}

const WORDS = ['mill', 'race', 'water', 'wheel', 'grain', 'flour', 'stone']
const FIRST_TIMESTAMP = 1_700_000_000_000

const pick = <T>(random: () => number, list: readonly T[]): T => list[Math.floor(random() * list.length)]!

function tally(keys: Iterable<string>): Map<string, string> {
  const counts = new Map<string, string>()
  for (const key of keys) counts.set(key, String(Number(counts.get(key) ?? 0) + 1))
  return counts
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'word-count',
    topics: ['lines'],
    output: 'word-counts',
    grows: true,
    plan() {
      const builder = new StreamsBuilder()
      builder
        .stream('lines', { key: string(), value: string() })
        .flatMapValues(line => line.split(' '))
        .groupBy((_key, word) => word, { key: string(), value: string() })
        .count({ store: 'counts' })
        .toStream()
        .to('word-counts', { key: string(), value: long() })
      return builder.build()
    },
    input: (random, records) =>
      Array.from({ length: records }, (_, index) => ({
        topic: 'lines',
        key: `line-${index}`,
        value: Array.from({ length: 1 + Math.floor(random() * 5) }, () => pick(random, WORDS)).join(' '),
        timestamp: FIRST_TIMESTAMP + index,
      })),
    expected: input => tally(input.flatMap(({ value }) => value.split(' '))),
    show: (key, value) => [key.toString(), String(value.readBigInt64BE())],
  },
  {
    name: 'page-views-per-minute',
    topics: ['views'],
    output: 'views-per-minute',
    grows: true,
    plan() {
      const builder = new StreamsBuilder()
      builder
        .stream('views', { key: string(), value: string() })
        .groupByKey()
        .windowedBy(tumbling({ sizeMs: 60_000, graceMs: 30_000 }))
        .count({ store: 'per-minute' })
        .toStream()
        .to('views-per-minute', { key: timeWindowed(string(), { sizeMs: 60_000 }), value: long() })
      return builder.build()
    },
    input: (random, records) => {
      let timestamp = FIRST_TIMESTAMP
      return Array.from({ length: records }, () => ({
        topic: 'views',
        key: pick(random, WORDS),
        value: 'x',
        timestamp: (timestamp += Math.floor(random() * 4000)),
      }))
    },
    expected: input => tally(input.map(({ key, timestamp }) => `${key}@${Math.floor(timestamp / 60_000) * 60_000}`)),
    show: (key, value) => [
      `${key.toString('utf8', 0, key.length - 8)}@${key.readBigInt64BE(key.length - 8)}`,
      String(value.readBigInt64BE()),
    ],
  },
  {
    name: 'enriched-totals',
    topics: ['prices', 'orders'],
    output: 'totals',
    grows: true,
    plan() {
      const builder = new StreamsBuilder()
      const prices = builder.table('prices', { key: string(), value: int() })
      builder
        .stream('orders', { key: string(), value: string() })
        .join(prices, (buyer, price) => ({ buyer, price }))
        .groupBy((_product, { buyer }) => buyer, { key: string(), value: json<{ buyer: string; price: number }>() })
        .aggregate(
          () => ({ total: 0 }),
          (_buyer, { price }, sum) => {
            sum.total += price
            return sum
          },
          { store: { name: 'totals', value: json<{ total: number }>() } },
        )
        .mapValues(({ total }) => total)
        .toStream()
        .to('totals', { key: string(), value: int() })
      return builder.build()
    },
    input: (random, records) => {
      const prices = WORDS.map((word, index) => ({
        topic: 'prices',
        key: word,
        value: String(index + 1),
        timestamp: 1,
      }))
      const orders = Array.from({ length: records }, (_, index) => ({
        topic: 'orders',
        key: pick(random, WORDS),
        value: `buyer-${Math.floor(random() * 5)}`,
        timestamp: FIRST_TIMESTAMP + index,
      }))
      return [...prices, ...orders]
    },
    expected: input => {
      const totals = new Map<string, string>()
      for (const { topic, key, value } of input) {
        if (topic === 'orders') totals.set(value, String(Number(totals.get(value) ?? 0) + WORDS.indexOf(key) + 1))
      }
      return totals
    },
    show: (key, value) => [key.toString(), String(value.readInt32BE())],
  },
]
