import { string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
const customers = builder.table('customers', texts)
builder
  .table('orders', texts)
  .leftJoin(
    customers,
    order => order.split(' ')[1] ?? null, // the customer's key
    (order, customer) => `${order}: ${customer}`,
  )
  .toStream()
  .to('orders-with-names', { value: string() })
export const plan = builder.build()

export const input: Input = [
  [1, 'orders', '17', 'tea ada'],
  [2, 'customers', 'ada', 'Ada L.'],
  [3, 'orders', '18', 'cake ada'],
  [5, 'customers', 'ada', 'Lady Ada'],
  [6, 'orders', '17', 'tea bob'],
  [7, 'orders', '18', 'cake'],
  [8, 'orders', '17', null],
]
