import { expectTypeOf, it } from 'vitest'
import { string } from '../serde/text-serdes.ts'
import { StreamsBuilder } from './streams-builder.ts'

const texts = { key: string(), value: string() }
const changes = new StreamsBuilder().table('rows', texts).toStream()

it('what follows the changes of a table has null in its type', () => {
  changes.deduplicate({
    by: value => {
      expectTypeOf(value).toEqualTypeOf<string | null>()
      return value
    },
    id: string(),
    withinMs: 1,
    onLate: late => void late.peek(({ value }) => expectTypeOf(value).toEqualTypeOf<string | null>()),
  })
  const { some } = changes
    .split()
    .branch(
      value => {
        expectTypeOf(value).toEqualTypeOf<string | null>()
        return true
      },
      { name: 'some' },
    )
    .noDefaultBranch()
  some.peek(value => expectTypeOf(value).toEqualTypeOf<string | null>())
})

it('a topic of records without key or value is read with a type that says so', () => {
  const records = new StreamsBuilder().stream<string | null, string | null>('in', texts)
  records.peek((value, key) => {
    expectTypeOf(value).toEqualTypeOf<string | null>()
    expectTypeOf(key).toEqualTypeOf<string | null>()
  })
})
