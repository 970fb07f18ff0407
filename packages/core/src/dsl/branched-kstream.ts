import { millraceError } from '../errors/millrace-error.ts'
import type { Awaitable, BranchSpec } from '../operators/spec.ts'
import type { GraphEntry } from '../topology/graph.ts'
import { optionalName } from '../topology/naming.ts'
import type { SerdeSide } from './known-serdes.ts'
import type { KStream } from './kstream.ts'
import type { Make } from './make.ts'
import { type StreamPoint, streamPoint } from './point.ts'
import { processorEntry } from './steps.ts'

/** What a split knows of itself: the stream's types, the branches so far, and one item for each of them. */
export interface Split {
  readonly key: unknown
  readonly value: unknown
  readonly known: object
  readonly branches: object
  readonly positions: readonly unknown[]
}

export interface SplitOf<K, V, Known extends SerdeSide> {
  readonly key: K
  readonly value: V
  readonly known: Record<Known, true>
  // Nothing yet: each branch adds its own.
  readonly branches: object
  readonly positions: readonly []
}

/** `S` with one branch more. Unnamed branches go by their position, from 1. */
type WithBranch<S extends Split, Name, V> = {
  readonly key: S['key']
  readonly value: S['value']
  readonly known: S['known']
  readonly branches: S['branches'] & {
    readonly [key in BranchKey<S, Name>]: KStream<S['key'], V, KnownOf<S>>
  }
  readonly positions: readonly [...S['positions'], unknown]
}

type KnownOf<S extends Split> = keyof S['known'] & SerdeSide

type BranchKey<S extends Split, Name> = Name extends string
  ? Name
  : `${[...S['positions'], unknown]['length'] & number}`

type DefaultKey<Name> = Name extends string ? Name : 'default'

interface BranchOption<Name> {
  /** Key of the branch in the result, and end of its node's name. @default its position, from 1 */
  readonly name?: Name
}

/** A stream being split, see `KStream.split`. */
export class BranchedKStream<S extends Split> {
  readonly #from: StreamPoint
  readonly #make: Make
  readonly #splitter: GraphEntry
  readonly #branches: BranchSpec[] = []
  readonly #streams = new Map<string, KStream<unknown, unknown>>()
  #defaultChild: string | undefined

  /** @internal */
  constructor(from: StreamPoint, name: string | undefined, make: Make) {
    const splitterName = from.graph.names.processorOr(optionalName(name, 'operator'), 'KSTREAM-BRANCH-')
    this.#from = from
    this.#make = make
    this.#splitter = {
      kind: 'processor',
      name: splitterName,
      parents: [],
      operator: () => ({ type: 'branch', branches: [...this.#branches], defaultChild: this.#defaultChild }),
      connects: () => [],
      owns: () => [],
    }
    from.graph.add(this.#splitter, [from.entry])
  }

  /** Takes the records for which `predicate` is the first to hold. A type guard narrows the type of the values. */
  branch<V extends S['value'], const Name extends string | undefined = undefined>(
    predicate: (key: S['key'], value: S['value']) => value is V,
    options?: BranchOption<Name>,
  ): BranchedKStream<WithBranch<S, Name, V>>
  branch<const Name extends string | undefined = undefined>(
    predicate: (key: S['key'], value: S['value']) => Awaitable<boolean>,
    options?: BranchOption<Name>,
  ): BranchedKStream<WithBranch<S, Name, S['value']>>
  branch(
    predicate: (key: S['key'], value: S['value']) => Awaitable<boolean>,
    options?: BranchOption<string | undefined>,
  ): never {
    const position = String(this.#branches.length + 1)
    const child = this.#addChild(options?.name ?? position, options?.name ?? position)
    this.#branches.push({ predicate, child })
    return this as never
  }

  /** Takes the records that no branch takes, as `default` unless named, and gives all branches. */
  defaultBranch<const Name extends string | undefined = undefined>(
    options?: BranchOption<Name>,
  ): S['branches'] & { readonly [key in DefaultKey<Name>]: KStream<S['key'], S['value'], KnownOf<S>> } {
    this.#defaultChild = this.#addChild(options?.name ?? 'default', options?.name ?? '0')
    return this.#result() as never
  }

  /** Gives the branches; records that no branch takes are left out. */
  noDefaultBranch(): S['branches'] {
    return this.#result()
  }

  #addChild(key: string, suffix: string): string {
    const { graph } = this.#from
    if (this.#streams.has(key)) {
      const reason = `two branches are called "${key}"`
      throw millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator: `split "${this.#splitter.name}"`, reason })
    }
    // The name is the splitter's and the branch's; the number is spent without need.
    graph.names.processor('')
    const name = `${this.#splitter.name}${suffix}`
    const entry = processorEntry(name, { type: 'passThrough' })
    graph.add(entry, [this.#splitter])
    this.#streams.set(key, this.#make.stream(streamPoint({ ...this.#from, entry, name })))
    return name
  }

  #result(): S['branches'] {
    return Object.freeze(Object.fromEntries(this.#streams))
  }
}
