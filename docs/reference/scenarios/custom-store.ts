import {
  customStore,
  json,
  type Processor,
  type ProcessorContext,
  type StateStore,
  type StateStoreContext,
  string,
  StreamsBuilder,
} from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

interface Place {
  readonly x: number
  readonly y: number
}

/** Taxis by the square of ten kilometres that they are in. */
interface Taxis extends StateStore<string, Place> {
  move(taxi: string, to: Place): void
  near(place: Place): readonly string[]
}

function taxisBySquare({ entries }: StateStoreContext<string, Place>): Taxis {
  const squareOf = ({ x, y }: Place) => `${Math.floor(x / 10)} ${Math.floor(y / 10)}`
  const bySquare = new Map<string, Set<string>>()
  const squares = new Map<string, string>()

  function set(taxi: string, place: Place) {
    const before = squares.get(taxi)
    if (before !== undefined) bySquare.get(before)?.delete(taxi)
    const square = squareOf(place)
    squares.set(taxi, square)
    bySquare.set(square, (bySquare.get(square) ?? new Set()).add(taxi))
  }

  return {
    // The index is on the heap alone: it is made of the entries, which last.
    async restore(committed) {
      for await (const [taxi, place] of committed) set(taxi, place)
    },
    move(taxi, to) {
      set(taxi, to)
      entries.put(taxi, to)
    },
    near: place => [...(bySquare.get(squareOf(place)) ?? [])].sort(),
  }
}

const taxis = customStore({ name: 'taxis', key: string(), value: json<Place>(), open: taxisBySquare })

function offers(): Processor<string, Place & { readonly is: 'taxi' | 'guest' }, string, string> {
  let context: ProcessorContext<string, string>
  return {
    init(given) {
      context = given
    },
    async process({ key, value: { is, x, y } }) {
      const store = context.store(taxis)
      if (is === 'taxi') store.move(key, { x, y })
      else await context.forward({ key, value: store.near({ x, y }).join(' and ') || 'none' })
    },
  }
}

const builder = new StreamsBuilder()
builder
  .addStateStore(taxis)
  .stream('places', { key: string(), value: json<Place & { readonly is: 'taxi' | 'guest' }>() })
  .process(offers, { stores: ['taxis'], key: string(), value: string() })
  .to('offers')
export const plan = builder.build()

export const input: Input = [
  [1, 'places', 'ada', { is: 'taxi', x: 12, y: 3 }],
  [2, 'places', 'bob', { is: 'taxi', x: 14, y: 8 }],
  [3, 'places', 'eve', { is: 'guest', x: 19, y: 1 }],
  [4, 'places', 'bob', { is: 'taxi', x: 25, y: 8 }],
  [5, 'places', 'kim', { is: 'guest', x: 11, y: 9 }],
]
