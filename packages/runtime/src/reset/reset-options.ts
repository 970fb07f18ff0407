import {
  type ClientFactory,
  type Clock,
  isInRange,
  type Logger,
  millraceError,
  type Plan,
  systemClock,
  aBoolean,
  aFunction,
  aLogger,
  aPlan,
  aRunningClock,
  aText,
  checkArguments,
  checkedInside,
  type Fields,
  listOf,
  OF_AN_APPLICATION,
  optional,
  optionsOf,
  shownOption,
} from '@millrace/core'
import { OPTION_TABLE } from '../config/options.ts'
import { silentLogger } from '../observe/console-logger.ts'
import type { ResetPosition } from './reset-position.ts'

/** Options of `resetApplication`. */
export interface ResetOptions {
  readonly applicationId: string
  /** The client, as in `KafkaStreamsOptions`. */
  readonly client: ClientFactory
  /** The plan, which tells input topics from internal topics. Without it the other options must name the topics. */
  readonly topology?: Plan
  /**
   * The topics whose offsets are set.
   * @default all topics that `topology` reads; without it the topics in `to.offsets`; otherwise none
   */
  readonly inputTopics?: readonly string[]
  /**
   * The topics that the application both writes and reads, except internal topics. They are skipped to their end.
   * @default none
   */
  readonly intermediateTopics?: readonly string[]
  /** @default 'earliest' */
  readonly to?: ResetPosition
  /** The internal topics to delete. @default all internal topics */
  readonly internalTopics?: readonly string[]
  /**
   * The state directory, as in `KafkaStreamsOptions`. The directory of the application in it is deleted.
   * @default './millrace-state'
   */
  readonly stateDir?: string
  /**
   * Whether to remove active members from the group, such as killed instances whose session has not timed out.
   * @default false
   */
  readonly force?: boolean
  /** Whether to return the planned changes without making them. @default false */
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
  checkArguments('resetApplication', [['options', OPTIONS]], [options])
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

const topics = optional(listOf(aText, 'an array of names of topics'))
const FIELDS: Fields = {
  applicationId: aText,
  client: aFunction,
  topology: optional(aPlan),
  inputTopics: topics,
  intermediateTopics: topics,
  to: checkedInside,
  internalTopics: topics,
  stateDir: optional(aText),
  force: optional(aBoolean),
  dryRun: optional(aBoolean),
  logger: optional(aLogger),
  clock: optional(aRunningClock),
}
const OPTIONS = optionsOf(FIELDS, OF_AN_APPLICATION)

function positionProblem(to: ResetPosition): string | undefined {
  if (to === 'earliest' || to === 'latest') return undefined
  if (typeof to === 'object' && to !== null) {
    if ('offsets' in to)
      return Array.isArray(to.offsets) && to.offsets.every(each => isOffset(each?.offset))
        ? undefined
        : 'an offset is no number'
    if ('offset' in to) return isOffset(to.offset) ? undefined : `${to.offset} is no offset`
    if ('time' in to) return isInRange(to.time, { from: 0 }) ? undefined : `${to.time} is no time in milliseconds`
    if ('backMs' in to)
      return isInRange(to.backMs, { from: 0 }) ? undefined : `${to.backMs} is no number of milliseconds back`
    if ('shiftBy' in to) return Number.isSafeInteger(to.shiftBy) ? undefined : `${to.shiftBy} is no number of records`
  }
  return `${shownOption(to)} is no position`
}

function isOffset(offset: unknown): boolean {
  return isInRange(offset, { from: 0 })
}
