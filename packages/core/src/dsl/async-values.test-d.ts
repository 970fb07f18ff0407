import { expectTypeOf, it } from 'vitest'
import type { AsyncCall } from '../operators/map-values-async.ts'
import { int } from '../serde/number-serdes.ts'
import { string } from '../serde/text-serdes.ts'
import type { KStream } from './kstream.ts'
import { StreamsBuilder } from './streams-builder.ts'

const lines = new StreamsBuilder().stream('lines', { key: string(), value: string() })

it('awaits what the function gives, keeps the key and forgets the serde of the value', () => {
  expectTypeOf(lines.mapValuesAsync(async line => line.length)).toEqualTypeOf<KStream<string, number, 'key'>>()
  expectTypeOf(lines.mapValuesAsync(line => line.length)).toEqualTypeOf<KStream<string, number, 'key'>>()
  lines.mapValuesAsync(async line => line.length).to('lengths', { value: int() })
  // @ts-expect-error -- the serde of the new values is not known
  lines.mapValuesAsync(async line => line.length).to('lengths')
})

it('tells the function of its call', () => {
  lines.mapValuesAsync(async (line, key, call) => {
    expectTypeOf(line).toEqualTypeOf<string>()
    expectTypeOf(key).toEqualTypeOf<string>()
    expectTypeOf(call).toEqualTypeOf<AsyncCall>()
    expectTypeOf(call.signal).toEqualTypeOf<AbortSignal>()
    return line
  })
  // @ts-expect-error -- there is no such order
  lines.mapValuesAsync(async line => line, { ordering: 'topic' })
})
