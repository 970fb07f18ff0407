import { checkStoreCall, storeMethods } from '../arguments/store-arguments.ts'
import { millraceError } from '../errors/millrace-error.ts'
import { type CallScope, isPromise, type TaskContext } from './process.ts'

/** One call of a user function that has a context. */
class Call {
  readonly context: TaskContext
  readonly isInit: boolean
  open = true
  /** What it has forwarded and does not wait for itself. */
  forwarded: Promise<void>[] | undefined

  constructor(context: TaskContext, isInit: boolean) {
    this.context = context
    this.isInit = isInit
  }
}

/**
 * The calls of one processor or transformer: what their context gives is theirs for as long as they last. What goes on afterwards,
 * because somebody has forgotten to await it, would belong to another record or to none, so it is refused; and not by whether
 * some call is under way, which may be another one's, but by the call that it was begun in.
 *
 * A library may call back in a call of its own, where it opened its connection: mostly in `init`, or outside of any. That counts as
 * the call that is under way.
 */
export class UserCalls {
  readonly #operator: string
  readonly #scope: CallScope
  readonly #context: TaskContext
  #running = 0
  #latest: Call | undefined
  #abandoned = false

  constructor(operator: string, scope: CallScope, context: TaskContext) {
    this.#operator = operator
    this.#scope = scope
    this.#context = context
  }

  /** Calls a user function, and waits for what it forwards and does not await. */
  run(call: () => unknown, isInit = false): unknown {
    const begun = new Call(this.#context, isInit)
    this.#latest = begun
    this.#running++
    let result: unknown
    try {
      result = this.#scope.run(begun, call)
    } catch (error) {
      this.#end(begun)
      throw error
    }
    if (isPromise(result) || begun.forwarded !== undefined) return this.#finish(begun, result)
    this.#end(begun)
    return result
  }

  /** The task no longer waits for the latest call, which took too long: it has ended as far as its context goes. */
  giveUp(): void {
    if (this.#latest !== undefined) this.#end(this.#latest)
  }

  /** Another processor has taken the place of this one: its calls that still run are refused everything. */
  abandon(): void {
    this.#abandoned = true
  }

  /**
   * @throws MILLRACE_CONTEXT_OUTLIVED unless the code that asks belongs to a call that lasts; MILLRACE_PROCESSOR_ABANDONED after
   * `abandon`
   */
  check(what: string): void {
    if (this.#abandoned) throw millraceError('MILLRACE_PROCESSOR_ABANDONED', { operator: this.#operator, what })
    const call = this.#scope.current()
    if (call instanceof Call) {
      if (call.open && call.context === this.#context) return
      if (call.isInit && this.#running > 0) return
    } else if (this.#running > 0) {
      return
    }
    throw millraceError('MILLRACE_CONTEXT_OUTLIVED', { operator: this.#operator, what })
  }

  /** What a call forwards belongs to it, awaited or not. */
  forwards(waiting: Promise<void>): Promise<void> {
    const call = this.#scope.current()
    if (!(call instanceof Call)) return waiting
    call.forwarded ??= []
    // The caller that awaits it gets its error; it must not be reported as unhandled as well.
    waiting.catch(() => undefined)
    call.forwarded.push(waiting)
    return waiting
  }

  async #finish(call: Call, result: unknown): Promise<unknown> {
    try {
      const value = await result
      if (call.forwarded !== undefined) await Promise.all(call.forwarded)
      return value
    } finally {
      this.#end(call)
    }
  }

  #end(call: Call): void {
    if (!call.open) return
    call.open = false
    this.#running--
  }
}

/** A store that is the call's: each of its methods, and each step of what it iterates over. */
export function guardedStore(store: unknown, name: string, calls: UserCalls): unknown {
  if (typeof store !== 'object' || store === null) return store
  const what = `the store "${name}"`
  const methods = new Map<string | symbol, unknown>()
  const rules = storeMethods(store)
  // Not a proxy of the store itself: of one that is frozen it could not give other methods.
  return new Proxy(Object.create(Object.getPrototypeOf(store) as object | null) as object, {
    has: (_target, property) => Reflect.has(store, property),
    set: (_target, property, value) => Reflect.set(store, property, value, store),
    get(_target, property) {
      const known = methods.get(property)
      if (known !== undefined) return known
      const value: unknown = Reflect.get(store, property, store)
      if (typeof value !== 'function') return value
      const rule = typeof property === 'string' ? rules?.[property] : undefined
      const method = (...args: readonly unknown[]) => {
        calls.check(what)
        if (rule !== undefined) checkStoreCall(name, property as string, rule, args)
        const result: unknown = Reflect.apply(value, store, args)
        return isAsyncIterable(result) ? guardedIterator(result, () => calls.check(what)) : result
      }
      methods.set(property, method)
      return method
    },
  })
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

function guardedIterator(iterable: AsyncIterable<unknown>, check: () => void): AsyncIterableIterator<unknown> {
  const inner = iterable[Symbol.asyncIterator]()
  return {
    async next() {
      check()
      return await inner.next()
    },
    // Ending it is always allowed.
    return: async value => (inner.return === undefined ? { done: true, value } : await inner.return(value)),
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
