import { avro, type SchemaRegistry } from '@millrace/schema-registry'
import { json, long, type Serde, string, timeWindowed } from 'millrace'
import type { Customer, Order, Payment } from './shop.ts'

export const MINUTE = 60_000

/** Orders of a country in a minute; revenue in cents. */
export interface Sales {
  readonly orders: number
  readonly revenue: number
}

/** An order with the country of its customer, in cents. */
export interface CountrySale {
  readonly country: string
  readonly amount: number
}

/** As JSON, or with `--avro` as Avro with the schemas of a registry. The application is the same. */
export function shopSerdes(registry: SchemaRegistry | undefined) {
  const values = registry === undefined ? jsonValues() : avroValues(registry)
  const windowed = timeWindowed(string(), { sizeMs: MINUTE })
  return {
    customers: { key: string(), value: values.customer },
    orders: { key: string(), value: values.order },
    payments: { key: string(), value: values.payment },
    countrySales: { key: string(), value: values.countrySale },
    sales: { key: windowed, value: values.sales },
    paymentCounts: { key: windowed, value: long() },
  }
}

export type ShopSerdes = ReturnType<typeof shopSerdes>

interface ShopValues {
  readonly customer: Serde<Customer>
  readonly order: Serde<Order>
  readonly payment: Serde<Payment>
  readonly countrySale: Serde<CountrySale>
  readonly sales: Serde<Sales>
}

function jsonValues(): ShopValues {
  return { customer: json(), order: json(), payment: json(), countrySale: json(), sales: json() }
}

function avroValues(registry: SchemaRegistry): ShopValues {
  const record = <const Fields extends readonly object[]>(name: string, fields: Fields) =>
    ({ type: 'record', name, namespace: 'millrace.demo', fields }) as const
  const amount = { name: 'amount', type: 'int', doc: 'In cents.' } as const
  return {
    customer: avro(
      record('Customer', [
        { name: 'name', type: 'string' },
        { name: 'country', type: 'string' },
      ]),
      { registry },
    ),
    order: avro(record('Order', [{ name: 'customerId', type: 'string' }, { name: 'item', type: 'string' }, amount]), {
      registry,
    }),
    payment: avro(
      record('Payment', [{ name: 'orderId', type: 'string' }, { name: 'method', type: 'string' }, amount]),
      {
        registry,
      },
    ),
    countrySale: avro(record('CountrySale', [{ name: 'country', type: 'string' }, amount]), { registry }),
    sales: avro(
      record('Sales', [
        { name: 'orders', type: 'int' },
        { name: 'revenue', type: 'long', doc: 'In cents.' },
      ]),
      { registry },
    ),
  }
}
