import { describe, expect, it } from 'vitest'
import type { MillraceError } from '../errors/millrace-error.ts'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { joinWindows } from '../assemble/stream-joins.ts'
import { long } from '../serde/number-serdes.ts'
import { string } from '../serde/text-serdes.ts'

const text = { key: string(), value: string() }

function wordCount(names: { readonly group?: string; readonly store?: string }): StreamsBuilder {
  const builder = new StreamsBuilder()
  builder
    .stream('lines', text)
    .groupBy(value => value, { ...text, ...(names.group === undefined ? {} : { name: names.group }) })
    .count(names.store === undefined ? {} : { store: names.store })
    .toStream()
    .to('counts', { key: string(), value: long() })
  return builder
}

/** What the error lists, without its hint; empty when there is none. */
function complaints(builder: StreamsBuilder): string {
  try {
    builder.build({ requireNames: true })
    return ''
  } catch (error) {
    expect(error).toMatchObject({ code: 'MILLRACE_TOPOLOGY_NAME_MISSING' })
    const { message, hint } = error as MillraceError
    return message.replace(hint, '')
  }
}

describe('requireNames', () => {
  it('names the stores and repartition topics that nobody named', () => {
    const message = complaints(wordCount({}))
    expect(message).toContain('store KSTREAM-AGGREGATE-STATE-STORE-0000000002 (of KSTREAM-AGGREGATE-0000000003)')
    expect(message).toContain('repartition topic KSTREAM-AGGREGATE-STATE-STORE-0000000002-repartition')
  })

  it.each([
    [{ group: 'by-word' }, 'store KSTREAM', 'repartition topic'],
    // As in Kafka Streams, a repartition topic is called after the store that comes behind it, if that has a name.
    [{ store: 'counts' }, '', 'store KSTREAM'],
    [{ group: 'by-word', store: 'counts' }, '', 'KSTREAM'],
  ])('of %o', (names, named, absent) => {
    const message = complaints(wordCount(names))
    expect(message).toContain(named)
    expect(message).not.toContain(absent)
  })

  it('takes no offence at operators without names, nor without the option', () => {
    const builder = new StreamsBuilder()
    builder.stream('lines', text).filter(Boolean).to('copies', text)
    expect(complaints(builder)).toBe('')
    expect(() => wordCount({}).build()).not.toThrow()
  })

  it('knows the stores of joins and the topics of foreign-key joins', () => {
    const builder = new StreamsBuilder()
    const windows = joinWindows({ beforeMs: 10, afterMs: 10, graceMs: 0 })
    const left = builder.stream('left', text)
    left.join(builder.stream('right', text), (a, b) => a + b, { windows })
    const orders = builder.table('orders', { ...text, store: 'orders' })
    orders.join(
      builder.table('people', { ...text, store: 'people' }),
      order => order,
      (a, b) => a + b,
    )
    const message = complaints(builder)
    expect(message).toContain('store KSTREAM-JOINTHIS-')
    expect(message).toContain('store KSTREAM-JOINOTHER-')
    expect(message).toContain('repartition topic KTABLE-FK-JOIN-SUBSCRIPTION-REGISTRATION-')
    expect(message).not.toContain('store orders')
  })
})
