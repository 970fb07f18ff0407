import { millraceError } from '../errors/millrace-error.ts'
import type { Awaitable, ValueFn } from '../operators/spec.ts'
import type { BranchSpec } from '../operators/branch.ts'
import type { GraphEntry } from '../topology/graph.ts'
import { optionalName } from '../topology/naming.ts'
import { type BranchPattern, type Matched, patternPredicate, type Unmatched } from '../assemble/branch-pattern.ts'
import type { SerdeSide, TopologyError } from './known-serdes.ts'
import type { KStream } from './kstream.ts'
import type { Make } from './make.ts'
import { type StreamPoint, streamPoint } from '../assemble/point.ts'
import { processorEntry } from '../assemble/steps.ts'

/**
 * What a split knows of itself: the stream's types, those of its values that no branch has taken yet, the branches so far, and
 * one item for each of them.
 */
export interface Split {
  readonly key: unknown
  readonly rest: unknown
  readonly known: object
  readonly branches: object
  readonly positions: readonly unknown[]
}

export interface SplitOf<K, V, Known extends SerdeSide> {
  readonly key: K
  readonly rest: V
  readonly known: Record<Known, true>
  // Nothing yet: each branch adds its own.
  readonly branches: object
  readonly positions: readonly []
}

/** `S` with one branch more. Unnamed branches go by their position, from 1. */
type WithBranch<S extends Split, Name, V, Rest> = {
  readonly key: S['key']
  readonly rest: Rest
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
  /** The key of the branch in the result, and the suffix of its node name. @default its position, from 1 */
  readonly name?: Name
}

// `branch` has one signature, not three: if none of several fits, the compiler only says "No overload matches this call".

/** The values of a branch: those of a type guard, those that fit a pattern, or any. */
type Taken<Rest, Key, Wanted> =
  Wanted extends Guard<Rest, Key, infer V> ? V : Wanted extends AnyFunction ? Rest : Matched<Rest, Wanted>

/** The values that are left for later branches: all, if a predicate is no type guard. */
type Left<Rest, Key, Wanted> =
  Wanted extends Guard<Rest, Key, infer V>
    ? Exclude<Rest, V>
    : Wanted extends AnyFunction
      ? Rest
      : Unmatched<Rest, Wanted>

type Guard<Rest, Key, V extends Rest> = (value: Rest, key: Key) => value is V
type AnyFunction = (...args: never) => unknown

/** A stream that is being split into branches, see `KStream.split`. */
export class BranchedKStream<S extends Split> {
  readonly #from: StreamPoint
  readonly #make: Make
  readonly #splitter: GraphEntry
  readonly #branches: BranchSpec[] = []
  readonly #streams = new Map<string, KStream<unknown, unknown>>()
  #defaultChild: string | undefined
  #exhaustive = false

  /** @internal */
  constructor(from: StreamPoint, name: string | undefined, make: Make) {
    const splitterName = from.graph.names.processorOr(optionalName(name, 'operator'), 'KSTREAM-BRANCH-')
    this.#from = from
    this.#make = make
    this.#splitter = {
      kind: 'processor',
      name: splitterName,
      parents: [],
      operator: () => ({
        type: 'branch',
        branches: [...this.#branches],
        defaultChild: this.#defaultChild,
        ...(this.#exhaustive ? { exhaustive: true } : {}),
      }),
      connects: () => [],
      owns: () => [],
    }
    from.graph.add(this.#splitter, [from.entry])
  }

  /**
   * Adds a branch for the records for which `predicate` returns a truthy value and which no earlier branch matches. A type guard narrows the
   * type of the branch and of the remaining records. A pattern does the same: it selects the members of a union whose fields have these values.
   *
   * @example
   * events.split().branch({ type: 'order' }, { name: 'orders' }).branch({ type: 'payment' }, { name: 'payments' }).exhaustive()
   */
  branch<
    const Wanted extends ((value: S['rest'], key: S['key']) => Awaitable<boolean>) | BranchPattern<S['rest']>,
    const Name extends string | undefined = undefined,
  >(
    predicate: Wanted,
    options?: BranchOption<Name>,
  ): BranchedKStream<WithBranch<S, Name, Taken<S['rest'], S['key'], Wanted>, Left<S['rest'], S['key'], Wanted>>>
  branch(
    wanted: object | ((value: S['rest'], key: S['key']) => Awaitable<boolean>),
    options?: BranchOption<string | undefined>,
  ): never {
    const position = String(this.#branches.length + 1)
    const operator = `split "${this.#splitter.name}"`
    const name = this.#nameOf(options)
    const predicate = typeof wanted === 'function' ? (wanted as ValueFn<boolean>) : patternPredicate(wanted, operator)
    const child = this.#addChild(name ?? position, name ?? position)
    this.#branches.push({ predicate, child })
    return this as never
  }

  /** Adds a branch for all remaining records, named `default` unless you name it, and returns all branches. */
  defaultBranch<const Name extends string | undefined = undefined>(
    options?: BranchOption<Name>,
  ): S['branches'] & { readonly [key in DefaultKey<Name>]: KStream<S['key'], S['rest'], KnownOf<S>> } {
    const name = this.#nameOf(options)
    this.#defaultChild = this.#addChild(name ?? 'default', name ?? '0')
    return this.#result() as never
  }

  /**
   * Returns the branches, which must cover every member of the union: a missing member is a type error. If a record matches no
   * branch at run time, because it has no value or a value outside its type, `onBadRecord` decides.
   */
  exhaustive(
    this: [S['rest']] extends [never]
      ? BranchedKStream<S>
      : TopologyError<'Some values are taken by no branch: add one for them, or end with defaultBranch or noDefaultBranch'>,
  ): S['branches']
  exhaustive(): S['branches'] {
    this.#exhaustive = true
    return this.#result()
  }

  /** Returns the branches. Records that match no branch are dropped. */
  noDefaultBranch(): S['branches'] {
    return this.#result()
  }

  #nameOf(options: BranchOption<string | undefined> | undefined): string | undefined {
    return optionalName(options?.name, 'branch')
  }

  #addChild(key: string, suffix: string): string {
    const { graph } = this.#from
    if (this.#streams.has(key)) {
      const reason = `two branches have the name "${key}"`
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
