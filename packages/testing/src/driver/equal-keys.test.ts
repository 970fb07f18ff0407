/* oxlint-disable typescript/no-explicit-any -- one table for keys of many types */
import {
  joinWindows,
  double,
  json,
  type KeyValueStore,
  keyValueStore,
  type KStream,
  long,
  type Plan,
  type ProcessorContext,
  type Serde,
  sessions,
  sliding,
  string,
  StreamsBuilder,
  tumbling,
  uuid,
  type WindowStore,
  windowStore,
} from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

/** A kind of key whose equal keys are different values: `make` gives another value for each variant, and one key for each text. */
interface KeyKind {
  readonly serde: Serde<any>
  readonly make: (text: string, variant: number) => unknown
}

class Day {
  readonly #text: string
  constructor(text: string) {
    this.#text = text
  }
  get text(): string {
    return this.#text
  }
}

const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString()
const UUIDS: Readonly<Record<string, string>> = {
  a: 'aaaaaaaa-0000-4000-8000-000000000000',
  b: 'bbbbbbbb-0000-4000-8000-000000000000',
}
const TEXT_OF_UUID = Object.fromEntries(Object.entries(UUIDS).map(([text, id]) => [id, text]))
const cased = (text: string, variant: number) => (variant % 2 === 0 ? text : text.toUpperCase())

/** Its bytes are a text, whatever the values are. */
function serdeOf<T>(name: string, write: (value: T) => string, read: (text: string) => T): Serde<T> {
  return { name, serialize: value => Buffer.from(write(value)), deserialize: bytes => read(textOf(bytes)) }
}

const KINDS: Readonly<Record<string, KeyKind>> = {
  'a text': { serde: string(), make: text => text },
  'an object with private fields': {
    serde: serdeOf<Day>('day', day => day.text, text => new Day(text)), // prettier-ignore
    make: text => new Day(text),
  },
  'a date of which the day counts': {
    serde: serdeOf<Date>('date', date => String.fromCharCode(96 + date.getUTCDate()), text => new Date(Date.UTC(2024, 0, text.charCodeAt(0) - 96))), // prettier-ignore
    make: (text, variant) => new Date(Date.UTC(2024, 0, text.charCodeAt(0) - 96, variant % 24)),
  },
  'a Map': {
    serde: serdeOf<Map<string, string>>('map', map => map.get('id')!, text => new Map([['id', text]])), // prettier-ignore
    make: text => new Map([['id', text]]),
  },
  'a text that its serde normalises': {
    // Made of a serde of the package, whose marks must not stay.
    serde: {
      ...string(),
      serialize: value => Buffer.from(value.toLowerCase()),
      write: (value, sink) => string().write!(value.toLowerCase(), sink),
    },
    make: cased,
  },
  'a UUID': { serde: uuid(), make: (text, variant) => cased(UUIDS[text]!, variant) },
  'JSON in sorted order': {
    serde: json({ propertyOrder: 'sorted' }),
    make: (text, variant) => (variant % 2 === 0 ? { id: text, n: 1 } : { n: 1, id: text }),
  },
}

/** The text of a key from its bytes. */
function shown(bytes: string): string {
  if (bytes.startsWith('{')) return (JSON.parse(bytes) as { id: string }).id
  return TEXT_OF_UUID[bytes] ?? bytes
}

const texts = { key: string(), value: string() }

type Build = (builder: StreamsBuilder, kind: KeyKind, keyed: KStream<any, string, any>) => KStream<any, any, any>

const at = joinWindows({ timeDifferenceMs: 5, graceMs: 100 })
const caching = (on: boolean) => ({ name: 'kept', caching: on })

/** From a stream whose keys are of a kind, to one with keys of that kind. */
const OPERATORS: Readonly<Record<string, (cached: boolean) => Build>> = {
  count:
    cached =>
    (_b, { serde }, keyed) =>
      keyed
        .groupByKey({ key: serde, value: string() })
        .count({ store: caching(cached) })
        .toStream(),
  'a table':
    cached =>
    (_b, { serde }, keyed) =>
      keyed
        .repartition({ name: 'rows', key: serde, value: string() })
        .toTable({ store: caching(cached) })
        .toStream(),
  'an LRU table':
    () =>
    (_b, { serde }, keyed) =>
      keyed
        .repartition({ name: 'rows', key: serde, value: string() })
        .toTable({ store: { name: 'kept', maxEntries: 2, caching: false } })
        .toStream(),
  'tumbling windows':
    cached =>
    (_b, { serde }, keyed) =>
      keyed
        .groupByKey({ key: serde, value: string() })
        .windowedBy(tumbling({ sizeMs: 100, graceMs: 0 }))
        .count({ store: caching(cached) })
        .toStream((_value, windowed) => windowed.key),
  'sliding windows':
    () =>
    (_b, { serde }, keyed) =>
      keyed
        .groupByKey({ key: serde, value: string() })
        .windowedBy(sliding({ timeDifferenceMs: 100, graceMs: 100 }))
        .count()
        .toStream((_value, windowed) => windowed.key),
  sessions:
    cached =>
    (_b, { serde }, keyed) =>
      keyed
        .groupByKey({ key: serde, value: string() })
        .windowedBy(sessions({ inactivityGapMs: 5, graceMs: 100 }))
        .count({ store: caching(cached) })
        .toStream((_value, windowed) => windowed.key),
  suppress:
    () =>
    (_b, { serde }, keyed) =>
      keyed.groupByKey({ key: serde, value: string() }).count().suppress({ until: 'time-limit', waitMs: 4 }).toStream(),
  deduplicate:
    () =>
    (_b, { serde }, keyed) =>
      keyed.deduplicate({ by: () => 'one', id: string(), withinMs: 100, key: serde, value: string() }),
  'distinct ids':
    () =>
    (_b, { serde, make }, keyed) => {
      let variant = 0
      return keyed
        .groupByKey({ key: serde, value: string() })
        .distinctCount(value => make(value[0]!, variant++) as string, { id: serde })
        .toStream()
    },
  'a join of streams':
    () =>
    (_b, { serde }, keyed) =>
      keyed.join(
        keyed.mapValues(value => `${value}'`),
        (one, two) => `${one}${two}`,
        { windows: at, key: serde, value: string(), otherValue: string() } as never,
      ),
  'a versioned table':
    () =>
    (_b, { serde }, keyed) =>
      keyed
        .repartition({ name: 'rows', key: serde, value: string() })
        .toTable({ store: { name: 'kept', historyRetentionMs: 1_000 } })
        .toStream(),
  'a store of a processor':
    cached =>
    (builder, { serde, make }, keyed) => {
      const store = keyValueStore({ name: 'kept', key: serde, value: string(), caching: cached })
      builder.addStateStore(store)
      let variant = 0
      return keyed.process(
        () => {
          let kept: KeyValueStore<unknown, string>
          let forward: ProcessorContext<unknown, string>['forward']
          return {
            init(context: ProcessorContext<unknown, string>) {
              kept = context.store(store)
              forward = context.forward
            },
            async process({ value }: { value: string | null }) {
              const key = () => make(value![0]!, variant++)
              kept.put(key(), ((await kept.get(key())) ?? '') + value!)
              await forward({ key: key(), value: (await kept.get(key())) ?? 'none' })
            },
          }
        },
        { stores: ['kept'] },
      )
    },
  'a window store of a processor':
    () =>
    (builder, { serde, make }, keyed) => {
      const store = windowStore({ name: 'kept', key: serde, value: string(), windowSizeMs: 100, retentionMs: 1_000 })
      builder.addStateStore(store)
      let variant = 0
      return keyed.process(
        () => {
          let kept: WindowStore<unknown, string>
          let forward: ProcessorContext<unknown, string>['forward']
          return {
            init(context: ProcessorContext<unknown, string>) {
              kept = context.store(store)
              forward = context.forward
            },
            async process({ value }: { value: string | null }) {
              const key = () => make(value![0]!, variant++)
              kept.put(key(), ((await kept.fetch(key(), 0)) ?? '') + value!, 0)
              const found: string[] = []
              for await (const [, one] of kept.fetchRange(key(), 0, 10)) found.push(one)
              await forward({ key: key(), value: found.join() })
            },
          }
        },
        { stores: ['kept'] },
      )
    },
}

/** Every key comes as several values, one after the other. */
async function run(kind: KeyKind, build: Build, commitEachRecord: boolean): Promise<unknown[]> {
  const builder = new StreamsBuilder()
  let variant = 0
  const keyed = builder
    .stream('in', texts)
    .selectKey(value => kind.make(value[0]!, variant++))
    .repartition({ name: 'again', key: kind.serde, value: string() })
    .selectKey(value => kind.make(value[0]!, variant++))
  const result = build(builder, kind, keyed).mapValues(value => String(value))
  result.to('out', { key: kind.serde, value: string() })
  return outputOf(builder.build(), commitEachRecord)
}

async function outputOf(plan: Plan, commitEachRecord: boolean): Promise<unknown[]> {
  await using driver = await TopologyTestDriver.create(plan, { commitEachRecord })
  const input = driver.createInputTopic('in', texts)
  const values = ['a1', 'b1', 'a2', 'a3', 'b2', 'a4', 'b3', 'b4']
  for (const [index, value] of values.entries()) await input.pipeInput('k', value, { timestamp: 2 * index })
  await driver.commit()
  return driver
    .createOutputTopic('out', texts)
    .readRecordsToList()
    .map(({ key, value, timestamp }) => [shown(key ?? ''), value, timestamp])
}

const others = Object.keys(KINDS).slice(1)
const cases = Object.keys(OPERATORS).flatMap(operator => others.map(kind => [operator, kind] as const))

describe('keys with the same bytes are one key', () => {
  it.each(cases)('%s with a key that is %s', async (operator, name) => {
    for (const cached of [false, true]) {
      for (const commitEachRecord of [true, false]) {
        const build = OPERATORS[operator]!(cached)
        const expected = await run(KINDS['a text']!, build, commitEachRecord)
        expect(expected.length).toBeGreaterThan(0)
        expect(await run(KINDS[name]!, build, commitEachRecord)).toEqual(expected)
      }
    }
  })

  it.each(others)("a table's groupBy moves a row between keys that are %s", async name => {
    const kind = KINDS[name]!
    const builder = new StreamsBuilder()
    let variant = 0
    builder
      .table('rows', texts)
      .groupBy(value => [kind.make(value, variant++), value], { key: kind.serde, value: string() })
      .aggregate(
        () => '',
        (sum: string, value: string) => `${sum}+${value}`,
        (sum: string, value: string) => `${sum}-${value}`,
        { value: string() },
      )
      .toStream()
      .to('out', { key: kind.serde, value: string() })
    await using driver = await TopologyTestDriver.create(builder.build())
    const rows = driver.createInputTopic('rows', texts)
    for (const value of ['a', 'b', 'b', 'a']) await rows.pipeInput('row', value)
    const output = driver.createOutputTopic('out', texts).readKeyValuesToList()
    expect(output.map(([key, value]) => [shown(key!), value])).toEqual([
      ['a', '+a'],
      ['a', '+a-a'],
      ['b', '+b'],
      // The row stays: one change that takes the old value out and puts the new one in.
      ['b', '+b-b+b'],
      ['b', '+b-b+b-b'],
      ['a', '+a-a+a'],
    ])
  })

  it.each(others)('joins of a stream with a table and with a global table by keys that are %s', async name => {
    const kind = KINDS[name]!
    const serdes = { key: kind.serde, value: string() }
    const builder = new StreamsBuilder()
    let variant = 1
    const names = builder.table('names', serdes)
    const global = builder.globalTable('global', serdes)
    const keyed = builder.stream('in', texts).selectKey(value => kind.make(value[0]!, variant++))
    keyed.join(names, (value, other) => `${value} ${other}`, serdes as never).to('out', serdes)
    builder
      .stream('in', texts)
      .join(
        global,
        value => kind.make(value[0]!, variant++),
        (value, other) => `${value} ${other}`,
      ) // prettier-ignore
      .to('out-global', texts)
    await using driver = await TopologyTestDriver.create(builder.build())
    for (const topic of ['names', 'global']) {
      const input = driver.createInputTopic(topic, serdes)
      for (const [index, text] of ['a', 'b', 'a'].entries()) await input.pipeInput(kind.make(text, index), text + index)
    }
    const input = driver.createInputTopic('in', texts)
    for (const value of ['a1', 'b1', 'a2']) await input.pipeInput('k', value)
    const expected = ['a1 a2', 'b1 b1', 'a2 a2']
    for (const topic of ['out', 'out-global']) {
      expect(driver.createOutputTopic(topic, texts).readValuesToList()).toEqual(expected)
    }
  })

  it.each(others)('the driver reads the last value of each key that is %s', async name => {
    const kind = KINDS[name]!
    const serdes = { key: kind.serde, value: string() }
    const builder = new StreamsBuilder()
    builder.stream('in', serdes).to('out', serdes)
    await using driver = await TopologyTestDriver.create(builder.build())
    const input = driver.createInputTopic('in', serdes)
    for (const [index, text] of ['a', 'b', 'a'].entries()) await input.pipeInput(kind.make(text, index), text + index)
    const map = driver.createOutputTopic('out', serdes).readKeyValuesToMap()
    expect([...map.values()]).toEqual(['a2', 'b1'])
  })

  it('numbers whose bytes differ are two keys, though a Map takes them for one', async () => {
    const builder = new StreamsBuilder()
    const serdes = { key: double(), value: string() }
    builder
      .stream('in', serdes)
      .groupByKey()
      .count({ store: 'counts' })
      .toStream()
      .to('out', { key: double(), value: long() })
    await using driver = await TopologyTestDriver.create(builder.build())
    const input = driver.createInputTopic('in', serdes)
    for (const key of [0, -0, Number.NaN, Number.NaN]) await input.pipeInput(key, 'x')
    const found = driver.createOutputTopic('out', { key: double(), value: long() }).readKeyValuesToList()
    expect(found).toEqual([
      [0, 1n],
      [-0, 1n],
      [Number.NaN, 1n],
      [Number.NaN, 2n],
    ])
  })
})
