import { string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
const web = builder.stream('web-orders', texts)
const phone = builder.stream('phone-orders', texts)
web.merge(phone).to('orders')
export const plan = builder.build()

export const input: Input = [
  [1, 'web-orders', 'ada', 'tea'],
  [4, 'phone-orders', 'bob', 'cake'],
  [2, 'web-orders', 'ada', 'milk'],
]
