import { string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

export const printed: string[] = []
const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
const orders = builder.stream('orders', texts).peek((order, key) => printed.push(`peek saw ${key}: ${order}`))
orders.foreach((_value, customer) => printed.push(`foreach greets ${customer}`))
orders.print({ label: 'orders', write: line => printed.push(line) })
orders.to('checked-orders')
export const plan = builder.build()

export const input: Input = [
  [1, 'orders', 'ada', 'tea'],
  [2, 'orders', 'bob', null],
]
