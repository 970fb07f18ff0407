import { millraceError } from '../errors/millrace-error.ts'
import { checkedNumber, type NumberRange } from '../errors/number-option.ts'
import type { AsyncOrdering, MapValuesAsyncSpec } from '../operators/map-values-async.ts'
import type { NameOption } from '../dsl/options.ts'
import type { StreamPoint } from './point.ts'
import { addStep } from './steps.ts'

/** Options of `mapValuesAsync`. All times are in milliseconds. */
export interface MapValuesAsyncOptions extends NameOption {
  /** The maximum number of concurrent calls of a task. At this limit the task takes no further record. @default 16 */
  readonly concurrency?: number
  /**
   * The order of the results: the order of the input (`partition`), the order of the input for each key (`key`), or the order
   * of completion (`none`). Calls always run concurrently.
   * @default 'partition'
   */
  readonly ordering?: AsyncOrdering
  /** The maximum duration of an attempt. @default 30 000 */
  readonly timeoutMs?: number
  /** The retries after an attempt that failed or timed out. @default no retry: `onBadRecord` decides */
  readonly retry?: AsyncRetry
}

/** Retries. Each pause is twice as long as the previous one. */
export interface AsyncRetry {
  /** The number of retries. */
  readonly times: number
  /** The pause before the first retry, in milliseconds. @default 100 */
  readonly backoffMs?: number
  /** The longest pause, in milliseconds. @default 10 000 */
  readonly maxBackoffMs?: number
}

/** @throws MILLRACE_TOPOLOGY_OPTION_INVALID */
export function addMapValuesAsync(
  from: StreamPoint,
  mapper: MapValuesAsyncSpec['mapper'],
  options: MapValuesAsyncOptions = {},
): StreamPoint {
  const { concurrency = 16, ordering = 'partition', timeoutMs = 30_000, retry = { times: 0 } } = options
  const { times, backoffMs = 100, maxBackoffMs = 10_000 } = retry
  const check = (option: string, value: number, range: NumberRange) =>
    checkedNumber('mapValuesAsync', option, value, range)
  check('concurrency', concurrency, { from: 1 })
  check('timeoutMs', timeoutMs, { from: 1, of: 'milliseconds' })
  check('retry.times', times, { from: 0 })
  check('retry.backoffMs', backoffMs, { from: 0, of: 'milliseconds' })
  check('retry.maxBackoffMs', maxBackoffMs, { from: 0, of: 'milliseconds' })
  if (!['key', 'partition', 'none'].includes(ordering)) {
    invalid(`ordering is "${ordering}", but has to be key, partition or none`)
  }
  const { keySerde } = from
  const limits = { concurrency, ordering, timeoutMs, retries: times, backoffMs, maxBackoffMs }
  return addStep(from, 'mapValuesAsync', { type: 'mapValuesAsync', mapper, ...limits, keySerde }, options.name)
}

function invalid(reason: string): never {
  throw millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator: 'mapValuesAsync', reason })
}
