import {
  type ClientFactory,
  type Clock,
  isInRange,
  type Logger,
  millraceError,
  type Plan,
  systemClock,
} from '@millrace/core'
import { OPTION_TABLE } from '../config/options.ts'
import { silentLogger } from '../observe/console-logger.ts'
import type { ResetPosition } from './reset-position.ts'

/** What of an application to reset, and to where. */
export interface ResetOptions {
  readonly applicationId: string
  /** As in `KafkaStreamsOptions`. */
  readonly client: ClientFactory
  /** Tells which topics are input and which are internal; without it the names have to. */
  readonly topology?: Plan
  /** Topics whose offsets are set. @default all that `topology` reads; without it, and with `offsets` in `to`, those; else none */
  readonly inputTopics?: readonly string[]
  /** Topics of the user's that the application both writes and reads: they are skipped to their end. @default none */
  readonly intermediateTopics?: readonly string[]
  /** @default 'earliest' */
  readonly to?: ResetPosition
  /** Of the internal topics delete only these. @default all of them */
  readonly internalTopics?: readonly string[]
  /** As in `KafkaStreamsOptions`: the application's directory in there is deleted. @default './millrace-state' */
  readonly stateDir?: string
  /** Takes members out of the group, such as those that were killed and whose session lasts long. @default false */
  readonly force?: boolean
  /** Says what it would do, and changes nothing. @default false */
  readonly dryRun?: boolean
  /** @default silent */
  readonly logger?: Logger
  /** @default the system's */
  readonly clock?: Clock
}

export interface ResolvedReset {
  readonly applicationId: string
  readonly client: ClientFactory
  readonly topology: Plan | undefined
  readonly inputTopics: readonly string[] | undefined
  readonly intermediateTopics: readonly string[]
  readonly to: ResetPosition
  readonly internalTopics: readonly string[] | undefined
  readonly stateDir: string
  readonly force: boolean
  readonly dryRun: boolean
  readonly logger: Logger
  readonly clock: Clock
}

/** @throws MILLRACE_CONFIG_INVALID, MILLRACE_RESET_INVALID */
export function resolveReset(options: ResetOptions): ResolvedReset {
  const { applicationId, to = 'earliest', intermediateTopics = [] } = options
  const { check, expected } = OPTION_TABLE.applicationId
  if (!check(applicationId)) {
    throw millraceError('MILLRACE_CONFIG_INVALID', { option: 'applicationId', value: `"${applicationId}"`, expected })
  }
  const reason = positionProblem(to)
  if (reason !== undefined) throw millraceError('MILLRACE_RESET_INVALID', { applicationId, reason })
  const named =
    typeof to === 'object' && 'offsets' in to ? [...new Set(to.offsets.map(({ topic }) => topic))] : undefined
  return {
    applicationId,
    client: options.client,
    topology: options.topology,
    inputTopics: options.inputTopics ?? named,
    intermediateTopics,
    to,
    internalTopics: options.internalTopics,
    stateDir: options.stateDir ?? './millrace-state',
    force: options.force ?? false,
    dryRun: options.dryRun ?? false,
    logger: options.logger ?? silentLogger,
    clock: options.clock ?? systemClock,
  }
}

function positionProblem(to: ResetPosition): string | undefined {
  if (to === 'earliest' || to === 'latest') return undefined
  if (typeof to === 'object') {
    if ('offsets' in to)
      return to.offsets.every(({ offset }) => isOffset(offset)) ? undefined : 'an offset is no number'
    if ('offset' in to) return isOffset(to.offset) ? undefined : `${to.offset} is no offset`
    if ('time' in to) return isInRange(to.time, { from: 0 }) ? undefined : `${to.time} is no time in milliseconds`
    if ('backMs' in to)
      return isInRange(to.backMs, { from: 0 }) ? undefined : `${to.backMs} is no number of milliseconds back`
    if ('shiftBy' in to) return Number.isSafeInteger(to.shiftBy) ? undefined : `${to.shiftBy} is no number of records`
  }
  return `${JSON.stringify(to)} is no position`
}

function isOffset(offset: number): boolean {
  return Number.isSafeInteger(offset) && offset >= 0
}
