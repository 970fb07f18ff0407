import { describe, expectTypeOf, it } from 'vitest'
import type { LateRecord } from '../operators/late.ts'
import type { Windowed } from '../record/windowed.ts'
import { json } from '../serde/json.ts'
import { long } from '../serde/number-serdes.ts'
import { string } from '../serde/text-serdes.ts'
import type { KStream } from './kstream.ts'
import type { KTable } from './ktable.ts'
import { joinWindows } from '../assemble/stream-joins.ts'
import { StreamsBuilder } from './streams-builder.ts'
import { sessions, tumbling } from './windows.ts'

interface Order {
  readonly user: string
  readonly total: number
}

const builder = new StreamsBuilder()
const orders = builder.stream('orders', { key: string(), value: json<Order>() })
const lines = builder.stream('lines', { key: string(), value: string() })
const minute = tumbling({ sizeMs: 60_000, graceMs: 0 })
const grouped = orders.groupByKey()

type Late<V> = KStream<string, LateRecord<V>, 'key'>

describe('late records', () => {
  it('have the types of what came too late', () => {
    grouped.windowedBy(minute, { onLate: late => expectTypeOf(late).toEqualTypeOf<Late<Order>>() })
    grouped
      .cogroup<number>((sum, order) => sum + order.total)
      .cogroup(lines.groupByKey(), (sum, line) => sum + line.length)
      .windowedBy(minute, { onLate: late => expectTypeOf(late).toEqualTypeOf<Late<Order | string>>() })
    orders.join(lines, order => order.total, {
      windows: joinWindows({ timeDifferenceMs: 1, graceMs: 0 }),
      onLate: late => expectTypeOf(late).toEqualTypeOf<Late<Order>>(),
      onLateOther: late => expectTypeOf(late).toEqualTypeOf<Late<string>>(),
    })
  })

  it('need a serde to be written', () => {
    // @ts-expect-error the values are new
    grouped.windowedBy(minute, { onLate: late => late.to('late') })
  })
})

describe('topN and distinctCount', () => {
  it('know the types of what they keep', () => {
    const top = { n: 3, by: (order: Order) => order.total }
    expectTypeOf(grouped.topN(top)).toEqualTypeOf<KTable<string, readonly Order[], 'key' | 'value'>>()
    expectTypeOf(grouped.windowedBy(minute).topN(top)).toEqualTypeOf<
      KTable<Windowed<string>, readonly Order[], 'key' | 'value'>
    >()
    const bySession = grouped.windowedBy(sessions({ inactivityGapMs: 1, graceMs: 0 }))
    expectTypeOf(bySession.distinctCount(({ user }) => user, { id: string() })).toEqualTypeOf<
      KTable<Windowed<string>, bigint, 'key' | 'value'>
    >()
  })

  it('need the serdes of what they keep', () => {
    const lengths = lines.mapValues(line => line.length).groupByKey()
    // @ts-expect-error the value is new
    lengths.topN({ n: 1, by: length => length })
    // @ts-expect-error ids are texts
    grouped.distinctCount(({ user }) => user, { id: long() })
    // @ts-expect-error an id is something that can be compared
    grouped.distinctCount(order => order, { id: json<Order>() })
  })
})

describe('deduplicate', () => {
  const options = { id: string(), withinMs: 1 }

  it('keeps the types, and knows the key afterwards', () => {
    expectTypeOf(orders.deduplicate({ ...options, by: ({ user }) => user })).toEqualTypeOf<typeof orders>()
    const lengths = lines.map((line, key) => [line, key.length])
    const once = lengths.deduplicate({ ...options, by: (_length, line) => line, key: string(), value: json<number>() })
    expectTypeOf(once).toEqualTypeOf<KStream<string, number, 'key'>>()
  })

  it('needs the serdes of what it keeps and writes', () => {
    // @ts-expect-error an id is what its serde is for
    orders.deduplicate({ ...options, by: ({ total }) => total })
    // @ts-expect-error the key is new
    lines.selectKey(line => line).deduplicate({ ...options, by: line => line })
  })
})
