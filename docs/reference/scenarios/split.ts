import { string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
const branches = builder
  .stream('orders', texts)
  .split({ name: 'by-kind-' })
  .branch(order => order.includes('tea'), { name: 'tea' })
  .branch((_order, key) => key === 'ada', { name: 'ada' })
  .defaultBranch({ name: 'rest' })
branches.tea.to('tea-orders')
branches.ada.to('orders-of-ada')
branches.rest.to('other-orders')
export const plan = builder.build()

export const input: Input = [
  [1, 'orders', 'ada', 'tea'],
  [2, 'orders', 'ada', 'cake'],
  [4, 'orders', 'bob', 'cake'],
]
