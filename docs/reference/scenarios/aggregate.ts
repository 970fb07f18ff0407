import { string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder
  .stream('baskets', texts)
  .groupByKey()
  .aggregate<string>(
    () => '',
    // Paying empties the basket: null deletes the row.
    (basket, item) => (item === 'pay' ? null : `${basket}${item} `),
    { value: string(), store: 'baskets' },
  )
  .toStream()
  .to('basket-contents')
export const plan = builder.build()

export const input: Input = [
  [1, 'baskets', 'ada', 'tea'],
  [4, 'baskets', 'ada', 'cake'],
  [3, 'baskets', 'ada', 'milk'],
  [5, 'baskets', 'ada', 'pay'],
  [6, 'baskets', 'ada', 'jam'],
]
