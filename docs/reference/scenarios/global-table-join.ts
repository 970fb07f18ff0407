import { string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
const countries = builder.globalTable('countries', texts)
builder
  .stream('orders', texts)
  .join(
    countries,
    order => order.split(' ')[1] ?? null, // the country's key
    (order, country) => `${order}: ${country}`,
  )
  .to('orders-by-country', { value: string() })
export const plan = builder.build()

export const input: Input = [
  [1, 'countries', 'fr', 'France'],
  [3, 'orders', '17', 'tea fr'],
  [4, 'orders', '18', 'cake de'],
  [5, 'orders', '19', 'milk'],
  [6, 'countries', 'fr', 'Republic of France'],
  [5, 'orders', '20', 'jam fr'],
]
