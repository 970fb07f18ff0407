import type { Headers } from '../record/headers.ts'
import type { MapValuesAsyncSpec } from './map-values-async.ts'
import type { ProcessorNode, RecordMetadata } from '../topology/plan.ts'
import type { MaybePromise } from '../state/store-types.ts'
import type { UndoLog } from '../state/undo-log.ts'
import type {
  OrderedTableStore,
  PrefixTableStore,
  RangeStore,
  StoredValue,
  TableStore,
  WindowTableStore,
} from '../state/engine-store.ts'

/**
 * What every operator compiles to. Streams pass `(key, value)`; tables pass the new value and the old one (`null` when
 * there was none or nobody asked for it). Returns a promise only when something downstream really waits.
 *
 * Timestamp and headers travel in the `TaskContext`: an operator that changes them sets them back afterwards.
 */
export type Process = (key: unknown, value: unknown, old?: unknown) => void | Promise<void>

/** The record at hand and what an operator may ask of its task. One for each task, changed from record to record. */
export interface TaskContext {
  timestamp: number
  headers: Headers
  topic: string | null
  partition: number
  offset: number
  /** False below a versioned table, while the update in hand is not of the row's latest version. */
  isLatest: boolean
  /** Highest timestamp that the task has taken from its queues, -1 before the first. */
  readonly streamTime: number
  readonly taskId: string
  readonly applicationId: string
  /**
   * A user function of `node` failed on the record at hand. Always throws: the failure that ends the application, or, where the
   * policy is to go on without the record, a signal at which the task takes back all that the record has done. `isFatal` knows both.
   */
  fail(node: string, error: unknown): never
  /** Whether `error` is what `fail` has thrown: a failure that has been decided about. */
  isFatal(error: unknown): boolean
  /** Where a record may be given up: notes what it changes in the state that operators keep. */
  readonly undo: UndoLog | undefined
  /**
   * Emits what was held back and belongs to earlier records. Where it fails and the policy is to go on, what `run` has done is taken
   * back and reported, and the record at hand, which has nothing to do with it, goes on.
   */
  apart(run: () => void | Promise<void>): void | Promise<void>
  /** Counts a record that an operator leaves out, and warns the first time. */
  drop(node: string, reason: DropReason): void
  /** Adds to a counter that user code of `node` has made. */
  count(node: string, metric: string, by: number): void
  /** The key of the record of the input that is at hand, for people to read. */
  showKey(): string
  /** The user function that has just returned has blocked the thread for longer than a record may take. */
  readonly overdue: boolean
  /** The error that says so, with the record at hand; `overdue` is over then. */
  tooLong(node: string): Error
  /** Waits for a user function of `node`, but no longer than a record may take. @throws MILLRACE_PROCESSING_TIMEOUT */
  waitFor<T>(node: string, result: PromiseLike<T>): Promise<T>
}

export type DropReason =
  | 'null-key'
  | 'null-value'
  | 'late'
  | 'no-partition'
  | 'stale'
  | 'bad-timestamp'
  | 'out-of-order'

export interface OperatorEnv {
  readonly node: ProcessorNode
  readonly context: TaskContext
  /** To all children, in order. */
  readonly forward: Process
  child(name: string): Process
  tableStore(name: string): TableStore
  windowStore(name: string): WindowTableStore
  /** Of a session store, or a window store that is `byRange` or retains duplicates. */
  rangeStore(name: string): RangeStore
  orderedStore(name: string): OrderedTableStore
  /** `lengthOf` gives how many bytes of a key are its prefix. */
  prefixStore(name: string, lengthOf: (key: Buffer) => number): PrefixTableStore
  /** A global table or store of this instance, to look values up in. */
  globalStore(name: string): Pick<TableStore, 'get'>
  /** Whether every processor may ask for the store of that name, connected or not. */
  isGlobalStore(name: string): boolean
  /** For the Processor API: what user code gets for a store's name. */
  userStore(name: string): unknown
  /** Runs `callback` when due; see KIP-138. */
  schedule(
    intervalMs: number,
    type: PunctuationType,
    callback: (timestamp: number) => void | PromiseLike<void>,
  ): { cancel(): void }
  requestCommit(): void
  /** The time of day, in milliseconds since the epoch. */
  wallClock(): number
  /** Milliseconds that never go back, for intervals. */
  monotonic(): number
  /** How often at most operators look for windows that have closed, in milliseconds. */
  readonly emitIntervalMs: number
  /**
   * By store: up to where windows that have closed were emitted, or the stream time of `deduplicate`. Committed with the input
   * offsets.
   */
  readonly closeTimes: Map<string, number>
  recordMetadata(): RecordMetadata
  /** What calls a user function beside the task's loop, for each record, and later passes its results on. */
  inFlight(spec: MapValuesAsyncSpec): Process
  /**
   * Run, parents first, when stream time moves on without a record, because the inputs are idle: as if one with that time had
   * come to this operator, of a key of its own. False where it has given nothing and changed nothing.
   */
  onAdvance(run: (streamTime: number) => MaybePromise<boolean>): void
  /** Whether it keeps results back that only a later stream time lets go; asked when nothing has come for a while. */
  onHeldAsked(holds: () => MaybePromise<boolean>): void
  /** Tells calls of user functions from each other, also where they wait: see `UserCalls`. */
  readonly callScope: CallScope
  /** Run before the first record and at close, in plan order. */
  onInit(run: () => void | PromiseLike<void>): void
  onClose(run: () => void | PromiseLike<void>): void
  /** Says that `store` is read by the key of each incoming record, so that misses can be fetched together beforehand. */
  readsByKey(store: string): void
  /** The same for a store of prefixes: `prefixOf` makes of the record's key what is read. */
  readsByPrefix(store: string, prefixOf: (key: unknown) => Buffer): void
  /** The same for a window store, by the windows that a timestamp falls into. */
  readsByWindow(store: string, windowStarts: (timestamp: number) => readonly number[]): void
}

/** Which call of a user function the code belongs to that runs now, however long it has waited since. */
export interface CallScope {
  run<T>(call: object, run: () => T): T
  /** Undefined where it belongs to none. */
  current(): object | undefined
}

export type PunctuationType = 'stream-time' | 'wall-clock'

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== 'object' || value === null) return false
  try {
    return typeof (value as { then?: unknown }).then === 'function'
  } catch {
    // User functions can give anything, also a proxy that was revoked. The code that uses the value reports what is wrong with it.
    return false
  }
}

/**
 * Whether what a user function has given cannot be passed on as it is: a promise, or anything at all when the function has
 * blocked the thread for too long. `settle` and `inTime` go on from there.
 */
export function mustSettle(result: unknown, env: OperatorEnv): result is PromiseLike<unknown> {
  return isPromise(result) || env.context.overdue
}

/** What a user function gives in the end. Rejects with its error, or because it took longer than a record may. */
export function inTime<T>(result: PromiseLike<T>, { context, node }: OperatorEnv): Promise<T> {
  return context.overdue ? Promise.reject(context.tooLong(node.name)) : context.waitFor(node.name, result)
}

/** Goes on with what a user's promise gives; the policy handles a rejection, but not an error of `next`. */
export function settle<T>(
  result: PromiseLike<T>,
  env: OperatorEnv,
  next: (value: T) => void | Promise<void>,
): Promise<void> {
  return inTime(result, env).then(next, (error: unknown) => env.context.fail(env.node.name, error))
}

/** Forwards with another timestamp, which goes back to what it was when all children are through. */
export function forwardAt(
  env: OperatorEnv,
  timestamp: number,
  key: unknown,
  value: unknown,
  old: unknown,
): void | Promise<void> {
  const { context } = env
  const before = context.timestamp
  context.timestamp = timestamp
  const waiting = env.forward(key, value, old)
  if (waiting !== undefined) {
    return waiting.then(() => {
      context.timestamp = before
    })
  }
  context.timestamp = before
}

/** The value of a stored entry, null where there is none. */
export function valueOf(stored: StoredValue | undefined): unknown {
  return stored === undefined ? null : stored.value
}
