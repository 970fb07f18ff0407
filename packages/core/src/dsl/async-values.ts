import { millraceError } from '../errors/millrace-error.ts'
import { checkedNumber, type NumberRange } from '../errors/number-option.ts'
import type { AsyncOrdering, MapValuesAsyncSpec } from '../operators/map-values-async.ts'
import type { NameOption } from './options.ts'
import type { StreamPoint } from './point.ts'
import { addStep } from './steps.ts'

/** Of `mapValuesAsync`. All times are milliseconds. */
export interface MapValuesAsyncOptions extends NameOption {
  /** How many calls of a task may be under way; then it takes no further record. @default 16 */
  readonly concurrency?: number
  /**
   * In which order results go on: in that of the input (`partition`), in that of the input for each key (`key`), or as they
   * come (`none`). Calls overlap in any case.
   * @default 'partition'
   */
  readonly ordering?: AsyncOrdering
  /** How long an attempt may take. @default 30 000 */
  readonly timeoutMs?: number
  /** What follows an attempt that has failed or took too long. @default the record goes by `onBadRecord` */
  readonly retry?: AsyncRetry
}

/** Further attempts, each after a pause that is twice as long as the one before. */
export interface AsyncRetry {
  /** How many attempts follow the first. */
  readonly times: number
  /** Before the first of them. @default 100 */
  readonly backoffMs?: number
  /** The longest pause. @default 10 000 */
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
