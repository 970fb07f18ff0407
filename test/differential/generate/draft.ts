import { CATALOGUE, type Catalogue } from '../catalogue.ts'
import type { Choice } from '../choice.ts'
import type { Step, StepId, StoreSpec } from '../spec.ts'

/** What may be built upon, with what decides which steps it admits. */
export interface Part {
  readonly id: StepId
  readonly kind:
    | 'stream'
    | 'table'
    | 'groupedTable'
    | 'grouped'
    | 'windowed'
    | 'cogrouped'
    | 'windowedCogrouped'
    | 'global'
  readonly key: KeyKind
  readonly value: 'string' | 'long'
  /** Both serdes are known to the DSL, so that a store need not give them. */
  readonly known: boolean
  /** Of a global table: the name of its store, where it has one of the user's. */
  readonly store?: string
  /** Of a versioned table: for how long it can be asked what was valid at a time. */
  readonly historyRetentionMs?: number | undefined
  /** Of windows: for how long their store has to keep them. */
  readonly leastRetentionMs?: number
  /** Of windows: they are emitted when they close. */
  readonly onClose?: boolean
}

/** `string`, or for windowed keys `time 60 of string` and the like: only equal ones can be joined. */
export type KeyKind = string

/** A topology being drawn. */
export interface Draft {
  readonly choice: Choice
  readonly steps: Step[]
  readonly parts: Part[]
  /** What other steps have read; the rest are ends, which need sinks. */
  readonly read: Set<StepId>
  counter: number
}

/** Adds a step on `from`, or none where what is there does not allow it. */
export interface Draw {
  /** How often it is drawn, compared with the others. @default 1 */
  readonly weight?: number
  /** Where it may be drawn. @default everywhere */
  fits?(from: Part): boolean
  draw(draft: Draft, from: Part): void
}

export function createDraft(choice: Choice): Draft {
  return { choice, steps: [], parts: [], read: new Set(), counter: 0 }
}

export function add(draft: Draft, step: Step & { readonly id: StepId }, gives: Omit<Part, 'id'>): void {
  draft.steps.push(step)
  draft.parts.push({ ...gives, id: step.id })
}

/** One of the parts for which `fits` holds, which then counts as read; undefined where there is none. */
export function another(draft: Draft, fits: (part: Part) => boolean): Part | undefined {
  const fitting = draft.parts.filter(fits)
  if (fitting.length === 0) return undefined
  const part = draft.choice.of(fitting)
  draft.read.add(part.id)
  return part
}

export function nextId(draft: Draft, prefix = 's'): StepId {
  draft.counter += 1
  return `${prefix}${draft.counter}`
}

/** In this many of a hundred draws, a function for that field. */
export function maybeFunction<Field extends string, Kind extends keyof Catalogue>(
  draft: Draft,
  percent: number,
  field: Field,
  kind: Kind,
): { readonly [F in Field]?: keyof Catalogue[Kind] & string } {
  return (draft.choice.chance(percent) ? { [field]: oneOf(draft, kind) } : {}) as never
}

/** The name of one function of the catalogue. */
export function oneOf<Kind extends keyof Catalogue>(draft: Draft, kind: Kind): keyof Catalogue[Kind] & string {
  return draft.choice.of(Object.keys(CATALOGUE[kind]) as (keyof Catalogue[Kind] & string)[])
}

export function maybeName(draft: Draft): { readonly name?: string } {
  return draft.choice.chance(20) ? { name: nextId(draft, 'name-') } : {}
}

export function maybeStore(draft: Draft): { readonly store?: StoreSpec } {
  return draft.choice.chance(40) ? { store: someStore(draft) } : {}
}

/** Of a table without windows, which may be a versioned one. */
export function maybeTableStore(draft: Draft): { readonly store?: StoreSpec } {
  const { choice } = draft
  if (choice.chance(12)) return { store: versionedStore(draft) }
  if (choice.chance(95)) return maybeStore(draft)
  // Without a cache: see `uncompared.ts`.
  return { store: { ...fromSupplier(draft), maxEntries: 1 + choice.below(4), caching: false } }
}

/** Histories from shorter than the disorder of the inputs to longer than all of them. */
export function versionedStore(draft: Draft): StoreSpec {
  const historyRetentionMs = draft.choice.of([0, 5, 20, 100, 100_000])
  return { ...fromSupplier(draft), historyRetentionMs }
}

/** Settings of a store that in Kafka Streams comes from a supplier, which has a name and says what it is kept in. */
function fromSupplier(draft: Draft): StoreSpec {
  const { type: _type, ...settings } = someStore(draft)
  return { ...settings, name: nextId(draft, 'store-') }
}

/** Whether a table is a versioned one: as its store says, or without settings of one the table above. */
export function versions(step: { readonly store?: StoreSpec }, above?: Part): Pick<Part, 'historyRetentionMs'> {
  return { historyRetentionMs: (step.store ?? above)?.historyRetentionMs }
}

export function someStore(draft: Draft): StoreSpec {
  const { choice } = draft
  return {
    ...(choice.chance(60) ? { name: nextId(draft, 'store-') } : {}),
    ...(choice.chance(20) ? { caching: choice.chance(50) } : {}),
    ...(choice.chance(10) ? { logging: false } : {}),
    ...maybeType(draft),
  }
}

export function maybeType({ choice }: Draft): { readonly type?: 'memory' | 'persistent' } {
  return choice.chance(15) ? { type: choice.of(['memory', 'persistent'] as const) } : {}
}
