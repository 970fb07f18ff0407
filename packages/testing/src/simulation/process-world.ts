import type { MemoryClient } from '@millrace/client-memory'
import {
  type ClientContext,
  type Clock,
  isMillraceError,
  type Logger,
  type ManualClock,
  type Plan,
  type StoreBackend,
} from '@millrace/core'
import type { KafkaStreamsOptions } from '@millrace/runtime'
import type { OnceWatch } from './once-watch.ts'
import { DEAD_LETTER_TOPIC, type SimulationCase } from './simulation-case.ts'
import type { TransactionWatch } from './transaction-watch.ts'
import { SIMULATED_FAILURE } from './watched-plan.ts'

/** What all processes of a run have in common. */
export interface ProcessWorld {
  readonly clock: ManualClock
  /** As the member of that name has it, whose functions wait by the clock of its life. */
  plan(member: string, clock: Clock): Plan
  readonly setting: SimulationCase
  readonly caching: 'as-planned' | 'off'
  /** @default 5 000 */
  readonly stateCleanupDelayMs?: number
  connect(context: ClientContext): MemoryClient
  history(line: string): void
  /** Follows what is committed in transactions. */
  readonly transactions?: TransactionWatch
  /** Follows what is processed under `at_most_once`. */
  readonly once?: OnceWatch
  /** Something that must not happen, whatever the faults. */
  violation(text: string): void
}

/** A member that says nothing for so long is given up. */
export const SESSION_TIMEOUT_MS = 6000

/** Names the consumer group, too. */
export const APPLICATION_ID = 'app'

/** The options of a process of the application. */
export function processOptions(
  { setting, caching, stateCleanupDelayMs }: ProcessWorld,
  process: {
    readonly name: string
    readonly client: (context: ClientContext) => MemoryClient
    readonly store: StoreBackend
    readonly clock: Clock
    readonly logger: Logger
  },
): KafkaStreamsOptions {
  const { guarantee, onBadRecord } = setting
  const { name, ...parts } = process
  return {
    ...parts,
    applicationId: APPLICATION_ID,
    processId: name,
    processingGuarantee: guarantee,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    transactionTimeoutMs: 10_000,
    commitIntervalMs: guarantee === 'exactly_once' ? 100 : 500,
    onBadRecord: onBadRecord === 'dead-letter' ? { deadLetterTopic: DEAD_LETTER_TOPIC } : onBadRecord,
    caching,
    ...(setting.stateBufferBytes === undefined ? {} : { stateBufferBytes: setting.stateBufferBytes }),
    ...(setting.processingTimeoutMs === undefined ? {} : { processingTimeoutMs: setting.processingTimeoutMs }),
    ...(setting.idleAdvanceMs === undefined ? {} : { idleAdvanceMs: setting.idleAdvanceMs }),
    groupProtocol: setting.groupProtocol ?? 'classic',
    // The broker decides these in a streams group.
    ...(setting.groupProtocol === 'streams'
      ? {}
      : {
          numStandbyReplicas: setting.numStandbyReplicas ?? 0,
          acceptableRecoveryLag: setting.acceptableRecoveryLag ?? 10_000,
          probingRebalanceIntervalMs: 3000,
        }),
    repartitionPurgeIntervalMs: 300,
    ...(setting.staticMembers === true ? { groupInstanceId: name } : {}),
    stateCleanupDelayMs: stateCleanupDelayMs ?? 5000,
  }
}

const nobody = () => undefined

/** What a member logs is part of the history. */
export function historyLogger({ history, once }: ProcessWorld, name: string): Logger {
  const log = (fields: Readonly<Record<string, unknown>>, message: string) => {
    const { error, ...others } = fields
    const why = error === undefined ? '' : `: ${error instanceof Error ? error.message : JSON.stringify(error)}`
    history(`${name} ${message}${why} ${JSON.stringify(others)}`)
  }
  const failure: typeof log = (fields, message) => {
    once?.fails(name)
    log(fields, message)
  }
  return { debug: nobody, info: log, warn: failure, error: failure }
}

/** Whether faults may have this come: they are retriable or fence, or are those of a user function. */
export function isOfFaults(error: unknown, ...kinds: readonly ('retriable' | 'fenced')[]): boolean {
  return isMillraceError(error, ...kinds) || isSimulated(error)
}

/** Whether a simulated user function is at the bottom of it. */
function isSimulated(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause.message.includes(SIMULATED_FAILURE)) return true
    if (isMillraceError(cause) && cause.code === 'MILLRACE_PROCESSING_TIMEOUT') return true
  }
  return false
}
