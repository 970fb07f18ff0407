import { describe, expectTypeOf, it } from 'vitest'
import { json } from '../serde/json.ts'
import { double, long } from '../serde/number-serdes.ts'
import { string } from '../serde/text-serdes.ts'
import type { KGroupedTable } from './kgrouped-table.ts'
import type { KTable } from './ktable.ts'
import { StreamsBuilder } from './streams-builder.ts'

interface Order {
  readonly customer: string | null
  readonly total: number
}

interface Customer {
  readonly name: string
}

const builder = new StreamsBuilder()
const orders = builder.table('orders', { key: long(), value: json<Order>() })
const customers = builder.table('customers', { key: string(), value: json<Customer>() })
const names = builder.table('names', { key: string(), value: string() })

describe('tables', () => {
  it('are grouped with the types of the new keys and values', () => {
    const grouped = orders.groupBy(({ customer, total }) => [customer, total], { key: string(), value: double() })
    expectTypeOf(grouped).toEqualTypeOf<KGroupedTable<string, number>>()
    expectTypeOf(grouped.count()).toEqualTypeOf<KTable<string, bigint, 'key' | 'value'>>()
    expectTypeOf(
      grouped.reduce(
        (sum, total) => sum + total,
        (sum, total) => sum - total,
      ),
    ).toEqualTypeOf<KTable<string, number, 'key' | 'value'>>()
    // @ts-expect-error both serdes are needed: the rows cross a topic
    orders.groupBy(({ customer, total }) => [customer, total], { key: string() })
    // @ts-expect-error an aggregate of another type needs a serde
    grouped.aggregate(
      () => '',
      all => all,
      all => all,
    )
  })

  it('are joined where their keys have one type', () => {
    const joined = customers.leftJoin(names, (customer, name, id) => {
      expectTypeOf(name).toEqualTypeOf<string | null>()
      expectTypeOf(id).toBeString()
      return customer.name.length
    })
    expectTypeOf(joined).toEqualTypeOf<KTable<string, number, 'key'>>()
    const kept = customers.outerJoin(names, customer => customer?.name ?? '', { value: string(), store: {} })
    expectTypeOf(kept).toEqualTypeOf<KTable<string, string, 'key' | 'value'>>()
    // @ts-expect-error one is keyed by numbers, the other by texts
    orders.join(names, order => order)
    // @ts-expect-error a store needs the serde of the new values
    customers.join(names, customer => customer.name, { store: { name: 'kept' } })
  })

  it('are joined by foreign key whatever their keys', () => {
    const joined = orders.join(
      customers,
      order => order.customer,
      (order, customer, id) => {
        expectTypeOf(customer).toEqualTypeOf<Customer>()
        expectTypeOf(id).toBeBigInt()
        return `${customer.name} ${order.total}`
      },
    )
    expectTypeOf(joined).toEqualTypeOf<KTable<bigint, string, 'key'>>()
    const left = orders.leftJoin(
      customers,
      order => order.customer,
      (_order, customer) => {
        expectTypeOf(customer).toEqualTypeOf<Customer | null>()
        return customer?.name ?? ''
      },
      { value: string(), store: {}, partitioner: (id, { partitions }) => Number(id) % partitions },
    )
    expectTypeOf(left).toEqualTypeOf<KTable<bigint, string, 'key' | 'value'>>()
    const total = (order: Order) => order.total
    // @ts-expect-error the total is no key of a customer
    orders.join(customers, total, order => order)
  })

  it('keep their types when held back or transformed', () => {
    expectTypeOf(orders.suppress({ until: 'time-limit', waitMs: 5 })).toEqualTypeOf<typeof orders>()
    // @ts-expect-error a final result cannot go early
    orders.suppress({ until: 'window-closes', whenFull: 'emit-early' })
    const transformed = orders.transformValues(() => ({ transform: (order, id) => `${id} ${order?.total}` }))
    expectTypeOf(transformed).toEqualTypeOf<KTable<bigint, string, 'key'>>()
  })
})
