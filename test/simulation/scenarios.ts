import {
  int,
  json,
  long,
  type Plan,
  StreamsBuilder,
  string,
  timeWindowed,
  tumbling,
  type Windowed,
} from '@millrace/core'
import { type HistoryLink, type HistoryRecord, type SimulatedInput, SIMULATION_START_MS } from '@millrace/testing'
import { GIVEN_UP } from './given-up-scenario.ts'
import { PRICED_AS_OF } from './versioned-scenario.ts'

/** A topology with the input that fits it and the results that must come of it, whatever happens on the way. */
export interface Scenario {
  readonly name: string
  readonly output: string
  plan(): Plan
  input(random: () => number, records: number): readonly SimulatedInput[]
  /** The last value of each key of the output, as text. */
  expected(input: readonly SimulatedInput[]): ReadonlyMap<string, string>
  /** A key of the output as text. */
  showKey(key: unknown): string
  /** Each further value of a key is larger than the one before: a repetition or a step back shows something done twice or lost. */
  readonly grows: boolean
  /** What records of its topics come to, for the history checker. @default only what it can say of any topology */
  readonly links?: readonly HistoryLink[]
  /** Settings of its topics: brokers refuse some records. */
  readonly topicConfigs?: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Records fail at places of the topology itself: only where the policy goes on without them. @default false */
  readonly givesUp?: boolean
}

const WORDS = ['mill', 'race', 'water', 'wheel', 'grain', 'flour', 'stone']
const FIRST_TIMESTAMP = SIMULATION_START_MS

const pick = <T>(random: () => number, list: readonly T[]): T => list[Math.floor(random() * list.length)]!

function tally(keys: Iterable<string>): Map<string, string> {
  const counts = new Map<string, string>()
  for (const key of keys) counts.set(key, String(Number(counts.get(key) ?? 0) + 1))
  return counts
}

const textOf = (bytes: Buffer | null) => bytes?.toString() ?? 'null'
const countOf = (bytes: Buffer | null) => Number(bytes?.readBigInt64BE() ?? 0)

/** Key, value and time, which a record keeps on its way through steps without state. */
const whole = ({ key, value, timestamp }: HistoryRecord) => ({
  key: textOf(key),
  text: `${textOf(value)} ${timestamp}`,
})

const shownCount = ({ key, value }: HistoryRecord) => ({ key: textOf(key), count: countOf(value) })

const showWindowed = ({ key, window }: Windowed<string>) => `${key}@${window.start}`

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'word-count',
    output: 'word-counts',
    grows: true,
    plan() {
      const builder = new StreamsBuilder()
      builder
        .stream('lines', { key: string(), value: string() })
        .flatMapValues(line => line.split(' '))
        .groupBy(word => word, { key: string(), value: string() })
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
    expected: input => tally(input.flatMap(({ value }) => String(value).split(' '))),
    showKey: String,
    links: [
      {
        kind: 'each',
        from: 'lines',
        to: 'app-counts-repartition',
        effects: ({ value, timestamp }) =>
          textOf(value)
            .split(' ')
            .map(word => ({ key: word, text: `${word} ${timestamp}` })),
        shown: whole,
      },
      ...['app-counts-changelog', 'word-counts'].map((to): HistoryLink => ({
        kind: 'count',
        from: 'app-counts-repartition',
        to,
        keysOf: ({ key }) => [textOf(key)],
        shown: shownCount,
      })),
    ],
  },
  {
    name: 'page-views-per-minute',
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
    expected: input =>
      tally(input.map(({ key, timestamp = 0 }) => `${String(key)}@${Math.floor(timestamp / 60_000) * 60_000}`)),
    showKey: key => showWindowed(key as Windowed<string>),
  },
  {
    name: 'enriched-totals',
    output: 'totals',
    grows: true,
    plan() {
      const builder = new StreamsBuilder()
      const prices = builder.table('prices', { key: string(), value: int() })
      builder
        .stream('orders', { key: string(), value: string() })
        .join(prices, (buyer, price) => ({ buyer, price }))
        .groupBy(({ buyer }) => buyer, { key: string(), value: json<{ buyer: string; price: number }>() })
        .aggregate(
          () => ({ total: 0 }),
          (sum, { price }) => {
            sum.total += price
            return sum
          },
          { value: json<{ total: number }>(), store: 'totals' },
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
        value: index + 1,
        timestamp: 1,
        upFront: true,
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
        if (topic !== 'orders') continue
        const buyer = String(value)
        totals.set(buyer, String(Number(totals.get(buyer) ?? 0) + WORDS.indexOf(String(key)) + 1))
      }
      return totals
    },
    showKey: String,
  },
  {
    name: 'payments-once',
    output: 'payments-once',
    grows: false,
    plan() {
      const builder = new StreamsBuilder()
      builder
        .stream('payments', { key: string(), value: string() })
        .deduplicate({ by: id => id, id: string(), withinMs: 600_000, name: 'once', store: 'seen' })
        .map(id => [id, id])
        .to('payments-once', { key: string(), value: string() })
      return builder.build()
    },
    // A sender that tries again: soon, or when others have come in between, and by a clock that goes back now and then.
    input: (random, records) => {
      let timestamp = FIRST_TIMESTAMP
      const sent: SimulatedInput[] = []
      for (let index = 0; index < records; index++) {
        timestamp += Math.floor(random() * 3000) - 500
        const again = random() < 0.4 ? sent[sent.length - 1 - Math.floor(random() * 5)] : undefined
        const id = `payment-${index}`
        sent.push({ topic: 'payments', key: pick(random, WORDS), value: id, ...again, timestamp })
      }
      return sent
    },
    expected: input => new Map(input.map(({ value }) => [String(value), String(value)])),
    showKey: String,
  },
  {
    name: 'copied-lines',
    output: 'copies',
    grows: false,
    plan() {
      const builder = new StreamsBuilder()
      builder
        .stream('lines', { key: string(), value: string() })
        .mapValues(line => line.toUpperCase())
        .to('copies', { key: string(), value: string() })
      return builder.build()
    },
    input: (random, records) =>
      Array.from({ length: records }, (_, index) => ({
        topic: 'lines',
        key: `line-${index}`,
        value: pick(random, WORDS),
        timestamp: FIRST_TIMESTAMP + index,
      })),
    expected: input => new Map(input.map(({ key, value }) => [String(key), String(value).toUpperCase()])),
    showKey: String,
    links: [
      {
        kind: 'each',
        from: 'lines',
        to: 'copies',
        effects: record => {
          const { key, text } = whole(record)
          return [{ key, text: text.toUpperCase() }]
        },
        shown: whole,
      },
    ],
  },
  PRICED_AS_OF,
  GIVEN_UP,
]
