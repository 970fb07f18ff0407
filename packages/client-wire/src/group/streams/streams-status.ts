import { millraceError, type MillraceError } from '@millrace/core'

/** What the broker says of a streams group in the answer to a heartbeat. */
export interface GroupStatus {
  readonly statusCode: number
  readonly statusDetail: string
}

const STALE_TOPOLOGY = 0
const MISSING_SOURCE_TOPICS = 1
const INCORRECTLY_PARTITIONED_TOPICS = 2
const MISSING_INTERNAL_TOPICS = 3
const SHUTDOWN_APPLICATION = 4
const ASSIGNMENT_DELAYED = 5
const MISSING_CLIENT_TAGS = 6

/**
 * How long what is wrong with topics may pass by itself, in milliseconds: a broker hears of a new topic later than who made it, and
 * needs time to make the internal ones.
 */
const PATIENCE_MS: ReadonlyMap<number, number> = new Map([
  [STALE_TOPOLOGY, 0],
  [INCORRECTLY_PARTITIONED_TOPICS, 5_000],
  [MISSING_SOURCE_TOPICS, 10_000],
  [MISSING_CLIENT_TAGS, 10_000],
  [MISSING_INTERNAL_TOPICS, 60_000],
])

/** No tasks are assigned meanwhile, so an empty assignment says nothing. */
const DELAYING = new Set([
  MISSING_SOURCE_TOPICS,
  INCORRECTLY_PARTITIONED_TOPICS,
  MISSING_INTERNAL_TOPICS,
  ASSIGNMENT_DELAYED,
])

export function delaysAssignment(statuses: readonly GroupStatus[]): boolean {
  return statuses.some(({ statusCode }) => DELAYING.has(statusCode))
}

export function asksForShutdown(statuses: readonly GroupStatus[]): boolean {
  return statuses.some(({ statusCode }) => statusCode === SHUTDOWN_APPLICATION)
}

/** Since when each status has been there, so that what passes by itself is no failure. */
export class StatusWatch {
  readonly #since = new Map<number, number>()

  /** Gives what has lasted too long. */
  look(groupId: string, statuses: readonly GroupStatus[], now: number): MillraceError | undefined {
    for (const code of this.#since.keys()) {
      if (!statuses.some(({ statusCode }) => statusCode === code)) this.#since.delete(code)
    }
    for (const { statusCode, statusDetail } of statuses) {
      const since = this.#since.get(statusCode) ?? now
      this.#since.set(statusCode, since)
      const patience = PATIENCE_MS.get(statusCode)
      if (patience === undefined || now - since < patience) continue
      const code = statusCode === STALE_TOPOLOGY ? 'MILLRACE_GROUP_TOPOLOGY_STALE' : 'MILLRACE_GROUP_TOPICS_WRONG'
      return millraceError(code, { groupId, reason: statusDetail })
    }
    return undefined
  }

  forget(): void {
    this.#since.clear()
  }
}
