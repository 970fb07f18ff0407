import { double, string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const builder = new StreamsBuilder()
const deposits = builder.stream('deposits', { key: string(), value: double() })
const fees = builder.stream('fees', { key: string(), value: double() })
deposits
  .groupByKey()
  .cogroup<number>((balance, amount) => balance + amount)
  .cogroup(fees.groupByKey(), (balance, fee) => balance - fee)
  .aggregate(() => 0, { value: double() })
  .toStream()
  .to('balances')
export const plan = builder.build()

export const input: Input = [
  [1, 'deposits', 'ada', 10],
  [4, 'fees', 'ada', 1],
  [3, 'deposits', 'ada', 5],
  [5, 'fees', 'bob', 2],
  [6, 'fees', 'bob', null],
]
