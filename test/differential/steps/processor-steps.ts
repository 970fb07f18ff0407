import type { From, Named, Result, StepId } from '../spec.ts'

/** Stores of the user's own, and user code on them. */
export type ProcessorSteps = AddStoreStep | AddGlobalStoreStep | ProcessStep

/** Its result can be named by processors. */
export interface AddStoreStep extends Result {
  readonly op: 'addStore'
  readonly store: OwnStore
}

export interface OwnStore {
  readonly name: string
  /** Windows are of 10 ms and kept 40 ms, sessions 40 ms. */
  readonly kind: 'keyValue' | 'window' | 'session'
  readonly caching?: boolean
  readonly logging?: false
  readonly type?: 'memory' | 'persistent'
  /** Of a key-value store only, without `type`. */
  readonly maxEntries?: number
  /** Of a window store only. */
  readonly retainDuplicates?: true
}

/** The values of a topic in capitals, by key. */
export interface AddGlobalStoreStep extends Result {
  readonly op: 'addGlobalStore'
  readonly topic: string
  readonly store: { readonly name: string; readonly type?: 'memory' | 'persistent' }
}

/** `processValues` keeps the key; what punctuates or makes new keys is for `process` only. */
export interface ProcessStep extends Result, From, Named {
  readonly op: 'process' | 'processValues'
  readonly processor: ProcessorKind
  /** Of an `addStore`, of the kind that the processor needs. */
  readonly store?: StepId
  /** Name of the store of a global table or a global store. */
  readonly lookUp?: string
}

export type ProcessorKind = keyof typeof PROCESSOR_STORES

/** What the processors do stands in `interpret/processors.ts`; this is what they need. */
export const PROCESSOR_STORES = {
  /** How often a key has come. */
  count: 'keyValue',
  /** Puts, deletes, reads ranges in both directions. */
  ranges: 'keyValue',
  /** Keeps values until the next punctuation, each 10 ms of stream time. */
  hold: 'keyValue',
  /** The same, each 25 ms of the wall clock. */
  holdByWallClock: 'keyValue',
  /** What else came for the key in the last 10 ms. */
  history: 'window',
  /** Merges what came within 5 ms. */
  sessions: 'session',
  /** Another time, another header; one record more. */
  stamp: undefined,
  /** Holds each record until the next one comes, of whichever key. */
  lag: undefined,
  /** Holds records until the next punctuation, each 25 ms of the wall clock. */
  lagByWallClock: undefined,
  /** What a global store has for the key. */
  lookUp: 'global',
} as const
