import { StreamsBuilder, string } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

/** Stands for a service: knows the names of accounts. */
const names = new Map([
  ['a-1', 'Ada'],
  ['g-7', 'Grace'],
])
const lookUp = async (account: string) => names.get(account) ?? 'nobody'

const builder = new StreamsBuilder()
builder
  .stream('logins', texts)
  .mapValuesAsync(account => lookUp(account), {
    concurrency: 64,
    ordering: 'key',
    timeoutMs: 5_000,
    retry: { times: 3 },
  })
  .to('names', { value: string() })
export const plan = builder.build()

export const input: Input = [
  [1, 'logins', 'web', 'a-1'],
  [3, 'logins', 'app', 'g-7'],
  [2, 'logins', 'web', 'x-9'],
]
