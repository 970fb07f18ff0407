import { aFiniteNumber, aText, either } from '../arguments/check.ts'
import { checkArguments } from '../arguments/checked-methods.ts'
import { aStoreBuilder } from '../arguments/options.ts'
import { someHeaders } from '../arguments/record-arguments.ts'
import type { StoreBuilder } from '../state/store-builder.ts'
import { isMillraceError, millraceError } from '../errors/millrace-error.ts'
import { isInRange, shownOption } from '../errors/number-option.ts'
import { checkSupplied, suppliedOf } from '../topology/suppliers.ts'
import { resultError } from './function-result.ts'
import { inTime, isPromise, mustSettle, type OperatorEnv, type Process, type TaskContext } from './process.ts'
import type { ForwardedRecord, Processor, ProcessorContext, ProcessorRecord } from './processor.ts'
import { guardedStore, UserCalls } from './user-calls.ts'

export interface ProcessSpec {
  readonly type: 'process'
  readonly supplier: () => unknown
  readonly fixedKey: boolean
}

/** Of a timer, which has no record at hand: what it forwards are records that were kept, each with its own key. */
const KEPT_KEY: unique symbol = Symbol('kept key')
/**
 * Of the records that `processValues` is given: their own key once more. `{ ...record, value }` takes it along, so that a record
 * that was kept can be passed on while one of another key is at hand, and a key of the user's own making cannot.
 */
const GIVEN_KEY: unique symbol = Symbol('given key')

/**
 * The Processor API: the user's own code as a node.
 *
 * A processor whose promise does not come in time may still be at work when the task goes on without the record. Its
 * records and its writes to stores would then count as part of the next record. So another processor takes its place, and it can
 * use its context and its stores no more.
 */
export function compileUserProcessor(spec: ProcessSpec, env: OperatorEnv): Process {
  const { context } = env
  const { name } = env.node
  let keyAtHand: unknown
  let current = make()

  env.onInit(() => init())
  env.onClose(() => current.calls.run(() => current.processor.close?.()) as void | PromiseLike<void>)

  function init(): void | PromiseLike<void> {
    const { calls, processor, given } = current
    return calls.run(() => processor.init?.(given), true) as void | PromiseLike<void>
  }

  function childOf(child: string): Process {
    const { children } = env.node
    if (children.includes(child)) return env.child(child)
    throw millraceError('MILLRACE_PROCESSOR_CHILD', {
      operator: name,
      child,
      children: children.join(', ') || 'it has none',
    })
  }

  function make() {
    const processor = spec.supplier()
    checkSupplied(processor, suppliedOf(name, 'process'))
    const schedules: { cancel(): void }[] = []
    const calls = new UserCalls(name, env.callScope, context)
    const forward: ProcessorContext<unknown, unknown>['forward'] = (record, child) => {
      if (spec.fixedKey && keyAtHand !== KEPT_KEY && record.key !== keyAtHand && !isGiven(record)) {
        throw millraceError('MILLRACE_PROCESSOR_KEY_CHANGED', { operator: name })
      }
      const waiting = forwardRecord(record, child === undefined ? env.forward : childOf(child), env)
      return waiting === undefined ? undefined : calls.forwards(waiting)
    }
    const schedule: OperatorEnv['schedule'] = (intervalMs, type, callback) => {
      const made = env.schedule(intervalMs, type, timestamp => {
        keyAtHand = KEPT_KEY
        return calls.run(() => callback(timestamp)) as void | PromiseLike<void>
      })
      schedules.push(made)
      return made
    }
    return {
      calls,
      processor: processor as Processor<unknown, unknown, unknown, unknown>,
      given: processorContext({ ...env, schedule }, forward, calls),
      abandon() {
        calls.abandon()
        for (const made of schedules) made.cancel()
      },
    }
  }

  return (key, value): void | Promise<void> => {
    keyAtHand = key
    const { timestamp, headers } = context
    let done: unknown
    try {
      const record: GivenRecord = { key, value, timestamp, headers }
      const { calls, processor } = current
      done = calls.run(() => processor.process(spec.fixedKey ? withGivenKey(record) : record))
    } catch (error) {
      failed(error)
    }
    if (mustSettle(done, env)) {
      const waits = isPromise(done)
      return inTime(done, env).then(
        () => undefined,
        error =>
          waits && isMillraceError(error) && error.code === 'MILLRACE_PROCESSING_TIMEOUT'
            ? replace(error)
            : failed(error),
      )
    }
  }

  // What an operator further down has thrown has been through the policy already, and must not be swallowed here.
  function failed(error: unknown): never {
    if (context.isFatal(error)) throw error
    return context.fail(name, error)
  }

  async function replace(error: unknown): Promise<void> {
    const another = async () => {
      current.abandon()
      current = make()
      await init()
    }
    if (context.undo === undefined) current.abandon()
    // It stays, though the record is given up.
    else await context.undo.unnoted(another)
    failed(error)
  }
}

type GivenRecord = ProcessorRecord<unknown, unknown> & { readonly [GIVEN_KEY]?: unknown }

function withGivenKey(record: GivenRecord): GivenRecord {
  return { ...record, [GIVEN_KEY]: record.key }
}

/** Whether it is a record that the processor was given, with its key as it was. */
function isGiven(record: ForwardedRecord<unknown, unknown>): boolean {
  return GIVEN_KEY in record && record[GIVEN_KEY] === record.key
}

/** What user code is given by which to ask for stores, time and punctuations. */
export function processorContext(
  env: OperatorEnv,
  forward: ProcessorContext<unknown, unknown>['forward'],
  calls: UserCalls,
): ProcessorContext<unknown, unknown> {
  const { context } = env
  const { name } = env.node
  return {
    applicationId: context.applicationId,
    taskId: context.taskId,
    forward(record, child) {
      calls.check('forward')
      return forward(record, child)
    },
    store(store: StoreBuilder | string) {
      checkArguments('context.store', STORE, [store])
      const wanted = typeof store === 'string' ? store : store.name
      calls.check(`the store "${wanted}"`)
      if (!env.node.stores.includes(wanted) && !env.isGlobalStore(wanted)) {
        throw millraceError('MILLRACE_STORE_NOT_CONNECTED', { operator: name, store: wanted })
      }
      return guardedStore(env.userStore(wanted), wanted, calls) as never
    },
    schedule(intervalMs, type, callback) {
      calls.check('schedule')
      if (!isInRange(intervalMs, { from: 1 })) {
        throw millraceError('MILLRACE_PUNCTUATION_INTERVAL', { operator: name, intervalMs: shownOption(intervalMs) })
      }
      if (type !== 'stream-time' && type !== 'wall-clock') {
        throw invalidSchedule(name, `its type is stream-time or wall-clock, but it is ${shownOption(type)}`)
      }
      if (typeof callback !== 'function') throw invalidSchedule(name, 'the third argument must be a function')
      return env.schedule(intervalMs, type, callback)
    },
    commit() {
      calls.check('commit')
      env.requestCommit()
    },
    count(metric, by = 1) {
      calls.check('count')
      checkArguments('context.count', COUNT, [metric, by])
      context.count(name, metric, by)
    },
    get recordMetadata() {
      calls.check('recordMetadata')
      return context.topic === null ? undefined : env.recordMetadata()
    },
    get currentStreamTimeMs() {
      return context.streamTime
    },
    get currentSystemTimeMs() {
      return env.wallClock()
    },
  }
}

function forwardRecord(
  record: ForwardedRecord<unknown, unknown>,
  forward: Process,
  env: OperatorEnv,
): void | Promise<void> {
  const { context } = env
  checkForwarded(record, env.node.name, context)
  const { timestamp, headers } = context
  const restore = () => {
    context.timestamp = timestamp
    context.headers = headers
  }
  if (record.timestamp !== undefined) {
    const { timestamp: given } = record
    // Kafka's are whole milliseconds, as those of an extractor are made to be.
    const whole = typeof given === 'number' ? Math.trunc(given) : given
    if (!isInRange(whole, { from: 0 })) {
      throw millraceError('MILLRACE_TIMESTAMP_INVALID', { timestamp: shownOption(given) })
    }
    context.timestamp = whole
  }
  if (record.headers !== undefined) context.headers = record.headers
  const waiting = forward(record.key, record.value)
  if (waiting !== undefined) return waiting.then(restore)
  restore()
}

function invalidSchedule(operator: string, reason: string): Error {
  return millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator, reason: `schedule: ${reason}` })
}

/** @throws MILLRACE_FUNCTION_RESULT for what is no record */
function checkForwarded(record: unknown, operator: string, context: TaskContext): void {
  if (typeof record !== 'object' || record === null) throw resultError(operator, record, FORWARDED, context)
  const { key, value, headers } = record as ForwardedRecord<unknown, unknown>
  if (key === undefined || value === undefined) throw resultError(operator, record, FORWARDED, context)
  if (headers !== undefined && headers !== context.headers && someHeaders(headers, 'headers') !== undefined)
    throw resultError(operator, record, 'headers that are a list of { key, value }, with bytes as values', context)
}

const STORE = [['store', either('the builder of a store, or its name', aText, aStoreBuilder)]] as const
const COUNT = [
  ['metric', aText],
  ['by', aFiniteNumber],
] as const
const FORWARDED = 'a record { key, value }, with null for none'
