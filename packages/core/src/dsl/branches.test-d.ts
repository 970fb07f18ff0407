import { describe, expectTypeOf, it } from 'vitest'
import { json } from '../serde/json.ts'
import { string } from '../serde/text-serdes.ts'
import type { KStream } from './kstream.ts'
import { StreamsBuilder } from './streams-builder.ts'

interface Order {
  readonly type: 'order'
  readonly status: 'open' | 'paid'
  readonly total: number
}

interface Payment {
  readonly type: 'payment'
  readonly amount: number
}

interface Refund {
  readonly type: 'refund'
  readonly amount: number
}

type Event = Order | Payment | Refund
type Of<V> = KStream<string, V, 'key' | 'value'>

const events = new StreamsBuilder().stream('events', { key: string(), value: json<Event>() })

describe('a pattern', () => {
  it('narrows its branch, and what is left for the default', () => {
    const branches = events.split().branch({ type: 'order' }, { name: 'orders' }).defaultBranch()
    expectTypeOf(branches.orders).toEqualTypeOf<Of<Order>>()
    expectTypeOf(branches.default).toEqualTypeOf<Of<Payment | Refund>>()
  })

  it('leaves nothing when every member has its branch', () => {
    const split = events
      .split()
      .branch({ type: 'order' }, { name: 'orders' })
      .branch({ type: 'payment' })
      .branch({ type: 'refund' }, { name: 'refunds' })
    const branches = split.exhaustive()
    expectTypeOf(branches.orders).toEqualTypeOf<Of<Order>>()
    expectTypeOf(branches[2]).toEqualTypeOf<Of<Payment>>()
    expectTypeOf(branches.refunds).toEqualTypeOf<Of<Refund>>()
    expectTypeOf(split.defaultBranch().default).toEqualTypeOf<Of<never>>()
    // @ts-expect-error nothing is left that it could take
    split.branch({ type: 'order' })
  })

  it('takes the members that share a value together', () => {
    const { moved } = events.split().branch({ amount: 0 }, { name: 'moved' }).noDefaultBranch()
    moved.foreach(value => {
      expectTypeOf(value.type).toEqualTypeOf<'payment' | 'refund'>()
      expectTypeOf(value.amount).toEqualTypeOf<0>()
    })
  })

  it('leaves a member of which it takes only some values', () => {
    const split = events.split().branch({ type: 'order', status: 'paid' }, { name: 'paid' })
    const branches = split.defaultBranch()
    expectTypeOf(branches.paid).toEqualTypeOf<Of<Order & { readonly type: 'order'; readonly status: 'paid' }>>()
    expectTypeOf(branches.default).toEqualTypeOf<Of<Event>>()
  })

  it('takes nothing away for good where it is known only when the program runs', () => {
    const wanted = 'order' as 'order' | 'payment'
    const { default: others } = events.split().branch({ type: wanted }).defaultBranch()
    expectTypeOf(others).toEqualTypeOf<Of<Event>>()
    const texts = new StreamsBuilder().stream('texts', { key: string(), value: json<{ type: string }>() })
    const anything: string = 'x'
    expectTypeOf(texts.split().branch({ type: anything }).defaultBranch().default).toEqualTypeOf(texts)
  })

  it('has fields and values that a member has', () => {
    // @ts-expect-error no member is of that type
    events.split().branch({ type: 'invoice' })
    // @ts-expect-error nor has one such a field
    events.split().branch({ kind: 'order' })
  })
})

describe('exhaustive', () => {
  it('is a type error while a member has no branch', () => {
    // @ts-expect-error refunds are taken by no branch
    events.split().branch({ type: 'order' }).branch({ type: 'payment' }).exhaustive()
    // @ts-expect-error what a predicate takes the types do not know
    events
      .split()
      .branch(() => true)
      .exhaustive()
  })

  it('knows what type guards have taken', () => {
    const isOrder = (event: Event): event is Order => event.type === 'order'
    const { orders } = events
      .split()
      .branch(isOrder, { name: 'orders' })
      .branch(event => {
        expectTypeOf(event).toEqualTypeOf<Payment | Refund>()
        return event.amount > 0
      })
      .branch({ type: 'payment' })
      .branch({ type: 'refund' })
      .exhaustive()
    expectTypeOf(orders).toEqualTypeOf<Of<Order>>()
  })
})
