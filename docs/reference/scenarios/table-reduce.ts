import { double, string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const builder = new StreamsBuilder()
builder
  .table('debts', { key: string(), value: double() })
  .groupBy((amount, id) => [id.split('-')[0]!, amount], { key: string(), value: double() })
  .reduce(
    (sum, amount) => sum + amount,
    (sum, amount) => (sum === amount ? null : sum - amount),
  )
  .toStream()
  .to('debts-by-person')
export const plan = builder.build()

export const input: Input = [
  [1, 'debts', 'ada-1', 10],
  [2, 'debts', 'ada-2', 5],
  [3, 'debts', 'ada-1', null],
  [4, 'debts', 'ada-2', null],
]
