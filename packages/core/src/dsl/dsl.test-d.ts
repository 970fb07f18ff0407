import { describe, expectTypeOf, it } from 'vitest'
import type { FixedKeyProcessor, Processor, StoreByName } from '../operators/processor.ts'
import type { Windowed } from '../record/windowed.ts'
import { json } from '../serde/json.ts'
import { double, long } from '../serde/number-serdes.ts'
import { string } from '../serde/text-serdes.ts'
import { keyValueStore, windowStore } from '../state/store-builder.ts'
import type { KeyValueStore, WindowStore } from '../state/store-types.ts'
import type { Hint, SameKey, TopologyError } from './known-serdes.ts'
import type { KStream } from './kstream.ts'
import type { KTable } from './ktable.ts'
import { StreamsBuilder } from './streams-builder.ts'
import { tumbling } from './windows.ts'

interface Order {
  readonly customer: string
  readonly total: number
}

interface Customer {
  readonly name: string
}

const texts = { key: string(), value: string() }
const builder = new StreamsBuilder()
const lines = builder.stream('lines', texts)
const orders = builder.stream('orders', { key: string(), value: json<Order>() })
const customers = builder.table('customers', { key: string(), value: json<Customer>() })
const numbered = builder.table('numbered', { key: long(), value: json<Customer>() })
const minute = tumbling({ sizeMs: 60_000, graceMs: 0 })

describe('types flow from the serdes', () => {
  it('from the source on', () => {
    expectTypeOf(lines).toEqualTypeOf<KStream<string, string, 'key' | 'value'>>()
    expectTypeOf(customers).toEqualTypeOf<KTable<string, Customer, 'key' | 'value'>>()
  })

  it('through every step', () => {
    expectTypeOf(orders.mapValues(order => order.total)).toEqualTypeOf<KStream<string, number, 'key'>>()
    expectTypeOf(orders.map((order, key) => [order.total, key])).toEqualTypeOf<KStream<number, string>>()
    expectTypeOf(orders.flatMap((order, key) => [[order.total, key]])).toEqualTypeOf<KStream<number, string>>()
    expectTypeOf(lines.flatMapValues(line => line.split(' '))).toEqualTypeOf<KStream<string, string, 'key' | 'value'>>()
    expectTypeOf(orders.selectKey(order => order.total)).toEqualTypeOf<KStream<number, Order, 'value'>>()
    expectTypeOf(orders.peek(() => 1).filterNot(() => true)).toEqualTypeOf(orders)
    expectTypeOf(orders.repartition({ partitions: 3 })).toEqualTypeOf(orders)
  })

  it('through grouping and aggregation', () => {
    const byCustomer = orders.groupBy(order => order.customer, { key: string() })
    expectTypeOf(byCustomer.count()).toEqualTypeOf<KTable<string, bigint, 'key' | 'value'>>()
    expectTypeOf(byCustomer.reduce(total => total)).toEqualTypeOf<KTable<string, Order, 'key' | 'value'>>()
    const totals = byCustomer.aggregate(
      () => 0,
      (total, order) => total + order.total,
      { value: double() },
    )
    expectTypeOf(totals).toEqualTypeOf<KTable<string, number, 'key' | 'value'>>()
    expectTypeOf(byCustomer.windowedBy(minute).count()).toEqualTypeOf<
      KTable<Windowed<string>, bigint, 'key' | 'value'>
    >()
  })

  it('into joins', () => {
    const enriched = orders.join(customers, (order, customer) => `${customer.name} ${order.total}`)
    expectTypeOf(enriched).toEqualTypeOf<KStream<string, string, 'key'>>()
    orders.leftJoin(customers, (_order, customer) => {
      expectTypeOf(customer).toEqualTypeOf<Customer | null>()
      return 0
    })
  })

  it('from promises, which are awaited', () => {
    expectTypeOf(lines.mapValues(async line => line.length)).toEqualTypeOf<KStream<string, number, 'key'>>()
    expectTypeOf(lines.selectKey(async line => line.length)).toEqualTypeOf<KStream<number, string, 'value'>>()
    lines.filter(async () => true)
    lines.flatMapValues(async line => [line])
    orders.join(customers, async order => order.total)
  })

  it('through type guards', () => {
    const mixed = builder.stream('mixed', { key: string(), value: json<string | number>() })
    const isText = (value: string | number): value is string => typeof value === 'string'
    expectTypeOf(mixed.filter(isText)).toEqualTypeOf<KStream<string, string, 'key' | 'value'>>()
    expectTypeOf(mixed.filter(value => typeof value === 'number')).toEqualTypeOf<
      KStream<string, number, 'key' | 'value'>
    >()
    const { texts: narrowed, default: others } = mixed.split().branch(isText, { name: 'texts' }).defaultBranch()
    expectTypeOf(narrowed).toEqualTypeOf<KStream<string, string, 'key' | 'value'>>()
    expectTypeOf(others).toEqualTypeOf<KStream<string, number, 'key' | 'value'>>()
  })

  it('to the names of branches', () => {
    const branches = orders
      .split()
      .branch(() => true, { name: 'large' })
      .branch(() => true)
      .branch(() => true)
      .defaultBranch({ name: 'rest' })
    expectTypeOf(branches.large).toEqualTypeOf(orders)
    expectTypeOf(branches[2]).toEqualTypeOf(orders)
    expectTypeOf(branches[3]).toEqualTypeOf(orders)
    expectTypeOf(branches.rest).toEqualTypeOf(orders)
    // @ts-expect-error there is no branch of that name
    expectTypeOf(branches.small).toBeAny()
    // @ts-expect-error a default branch was not asked for
    expectTypeOf(orders.split().noDefaultBranch().default).toBeAny()
  })

  it('through tables', () => {
    expectTypeOf(customers.filter(() => true).toStream()).toEqualTypeOf<
      KStream<string, Customer | null, 'key' | 'value'>
    >()
    expectTypeOf(customers.mapValues(({ name }) => name)).toEqualTypeOf<KTable<string, string, 'key'>>()
    expectTypeOf(customers.mapValues(({ name }) => name, { value: string(), store: {} })).toEqualTypeOf<
      KTable<string, string, 'key' | 'value'>
    >()
    expectTypeOf(customers.toStream(row => row?.name.length ?? 0)).toEqualTypeOf<
      KStream<number, Customer | null, 'value'>
    >()
    expectTypeOf(lines.toTable()).toEqualTypeOf<KTable<string, string, 'key' | 'value'>>()
  })
})

describe('a missing serde is a type error', () => {
  const mapped = lines.map((line, key) => [line.length, key])

  it('where records are written', () => {
    // @ts-expect-error map makes new keys and values, so that both serdes must be given
    mapped.to('out')
    // @ts-expect-error one of them is not enough
    mapped.to('out', { key: long() })
    // @ts-expect-error nor is one of another type
    mapped.to('out', { key: string(), value: string() })
    mapped.to('out', { key: double(), value: string() })
    // @ts-expect-error the value is new
    lines.mapValues(line => line.length).to('out')
    lines.mapValues(line => line.length).to('out', { value: double() })
    // @ts-expect-error the key is new
    lines.selectKey(() => 1).to('out')
    lines.selectKey(() => 1).to('out', { key: double() })
    // @ts-expect-error
    mapped.repartition({ partitions: 3 })
  })

  it('where records are grouped', () => {
    // @ts-expect-error
    mapped.groupByKey()
    // @ts-expect-error the value serde is missing too
    mapped.groupByKey({ key: double() })
    mapped.groupByKey({ key: double(), value: string() })
    // @ts-expect-error the new key's serde must be given
    lines.groupBy(line => line.length, {})
    // @ts-expect-error flatMapValues makes values of another type
    lines.flatMapValues(line => [line.length]).groupBy(String, { key: string() })
    lines.flatMapValues(line => line.split(' ')).groupBy(word => word, { key: string() })
    // The key is the old one: nothing is redistributed, and count does not keep values.
    lines
      .mapValues(line => line.length)
      .groupByKey()
      .count()
  })

  it('where results are kept', () => {
    const lengths = lines.mapValues(line => line.length).groupByKey()
    // @ts-expect-error the store needs the value serde
    lengths.reduce((longest, length) => Math.max(longest, length))
    // @ts-expect-error and in the windowed case too
    lengths.windowedBy(minute).reduce((longest, length) => Math.max(longest, length), { store: 'longest' })
    lengths.reduce((longest, length) => Math.max(longest, length), { value: double(), store: 'longest' })
    // @ts-expect-error an aggregate is of a new type
    lengths.aggregate(
      () => 0,
      (_aggregate, _value, total) => total,
    )
    // @ts-expect-error
    mapped.toTable()
    mapped.toTable({ key: double(), value: string() })
    // @ts-expect-error the new value needs a serde to be kept
    customers.mapValues(({ name }) => name, { store: 'names' })
    // @ts-expect-error
    customers.mapValues(({ name }) => name).filter(() => true, { store: 'names' })
  })

  it('where a join redistributes', () => {
    // @ts-expect-error
    lines.selectKey(line => line).join(customers, (_value, line) => line)
    lines.selectKey(line => line).join(customers, line => line, texts)
  })

  it('where two streams merge and one does not know it', () => {
    // @ts-expect-error
    lines.merge(lines.selectKey(line => line)).to('out')
    lines.merge(lines).to('out')
  })

  it('after a processor', () => {
    const supplier = (): Processor<string, string, string, number> => ({ process() {} })
    // @ts-expect-error
    lines.process(supplier).to('out')
    lines.process(supplier, { key: string(), value: double() }).to('out')
    const valuesOnly = (): FixedKeyProcessor<string, string, number> => ({ process() {} })
    expectTypeOf(lines.processValues(valuesOnly)).toEqualTypeOf<KStream<string, number, 'key'>>()
    lines.processValues(valuesOnly, { value: double() }).to('out')
    // @ts-expect-error the processor takes other values
    orders.process(supplier)
  })
})

describe('a join of different key types', () => {
  it('is a type error that says what to do', () => {
    // @ts-expect-error
    orders.join(numbered, (_value, order) => order)
    // @ts-expect-error
    orders.leftJoin(numbered, (_value, order) => order)
    expectTypeOf<SameKey<string, bigint>>().toEqualTypeOf<
      TopologyError<'The keys of the two sides have different types: change the key of the stream with selectKey first'>
    >()
  })
})

describe('a stream as an argument', () => {
  it('may know more serdes than the function asks for, but not less', () => {
    const cleaned = (stream: KStream<string, string>) => stream.filter(() => true)
    cleaned(lines)
    cleaned(lines.mapValues(line => line))
    const written = (stream: KStream<string, string, 'key' | 'value'>) => stream.to('out')
    written(lines)
    // @ts-expect-error the function writes it without asking for serdes
    written(lines.selectKey(line => line))
    // @ts-expect-error its values are orders
    cleaned(orders)
    // @ts-expect-error
    lines.merge(orders)
  })

  it('may be of any types in a generic function', () => {
    const counted = <K, V>(stream: KStream<K, V, 'key' | 'value'>) => stream.groupByKey().count()
    expectTypeOf(counted(orders)).toEqualTypeOf<KTable<string, bigint, 'key' | 'value'>>()
  })
})

describe('options', () => {
  it('of tumbling windows need a grace period', () => {
    // @ts-expect-error
    tumbling({ sizeMs: 1000 })
  })

  it('with unknown names are type errors', () => {
    // @ts-expect-error
    lines.to('out', { nmae: 'sink' })
    // @ts-expect-error
    lines.groupByKey().count({ store: { cacheing: true } })
    // @ts-expect-error only windows have a retention
    lines.groupByKey().count({ store: { retentionMs: 1 } })
    lines
      .groupByKey()
      .windowedBy(minute)
      .count({ store: { retentionMs: 120_000 } })
  })

  it('of sources need both serdes', () => {
    // @ts-expect-error
    builder.stream('lines', { key: string() })
  })
})

describe('a store in a processor', () => {
  it('is typed by its builder', () => {
    const seen = keyValueStore({ name: 'seen', key: string(), value: json<Order>() })
    const perMinute = windowStore({ name: 'w', key: string(), value: long(), windowSizeMs: 1, retentionMs: 1 })
    lines.process<string, string>(() => ({
      init(context) {
        expectTypeOf(context.store(seen)).toEqualTypeOf<KeyValueStore<string, Order>>()
        expectTypeOf(context.store(perMinute)).toEqualTypeOf<WindowStore<string, bigint>>()
        expectTypeOf(context.store('seen')).toEqualTypeOf<Hint<StoreByName>>()
        // @ts-expect-error the processor was said to forward texts
        void context.forward({ key: 'a', value: 1 })
      },
      process(record) {
        expectTypeOf(record.value).toBeString()
      },
    }))
  })
})
