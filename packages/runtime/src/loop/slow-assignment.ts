import type { Admin } from '@millrace/core'
import type { ResolvedOptions } from '../config/options.ts'

/** A rebalance that everybody answers is over sooner; brokers wait 3 s for more members before the first one. */
const SLOW_MS = 5_000

/**
 * Says why nothing happens when the first assignment does not come: usually because a process of before has ended without leaving
 * the group. Once.
 */
export class SlowAssignment {
  readonly #options: ResolvedOptions
  readonly #since: number
  #said = false

  constructor(options: ResolvedOptions) {
    this.#options = options
    this.#since = options.clock.monotonic()
  }

  async check(assigned: boolean, admin: Admin): Promise<void> {
    if (this.#said) return
    const { clock, logger, applicationId, sessionTimeoutMs } = this.#options
    if (!assigned && clock.monotonic() - this.#since < SLOW_MS) return
    this.#said = true
    if (assigned) return
    try {
      const group = await admin.describeGroup(applicationId)
      const members = group?.members.map(({ memberId }) => memberId)
      logger.warn({ state: group?.state, members, sessionTimeoutMs }, WAITING)
    } catch (error) {
      logger.warn({ error }, WAITING)
    }
  }
}

const WAITING =
  'no tasks yet: the group waits for members that do not respond; a member that stopped without leaving is removed when its session times out'
