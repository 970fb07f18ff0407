import { type Admin, type Clock, isMillraceError, type Logger, type TransactionReach } from '@millrace/core'

/** Between two attempts, doubled each time: a transaction of unknown outcome has no end. */
const [FIRST_RETRY_MS, LAST_RETRY_MS] = [500, 30_000]

/** A name that Millrace has made, for a process or one of its threads. Kafka Streams puts `-1` and so on behind such an id. */
const GENERATED = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(#\d+)?$/

export interface GoneMembersOptions {
  readonly applicationId: string
  readonly processId: string
  /** Of this member. */
  readonly memberName: string
  readonly admin: Pick<Admin, 'describeGroup' | 'openTransactionalIds'>
  readonly clock: Clock
  readonly logger: Logger
  /** What the transactions of the application may hold. */
  readonly reach: () => Promise<TransactionReach>
  /** Ends what members of these names have left open. */
  readonly end: (names: readonly string[]) => Promise<void>
}

/**
 * Ends transactions of members that are gone. Until their timeout they hide what was written behind them from readers of committed records, and
 * hold the offsets of tasks that others have by now. If the broker loses their markers (KAFKA-20734), nobody else looks for them.
 *
 * A transactional id belongs to a member of this application if its name is one that Millrace has made, or of the own process, or was the client
 * id of a member of the group before. Any other may be of another application, whose id begins like this one. The member is gone if the group has no
 * client id that is the same. So nothing is done where client ids are not what Millrace gives, as with `clientId` of `kafka()`. A member that is about to
 * join is fenced too, and its producer begins again.
 */
export class GoneMembers {
  readonly #with: GoneMembersOptions
  readonly #abort = new AbortController()
  /** Names of members that the group has had. */
  readonly #known = new Set<string>()
  #due = false
  #gained = false
  #looking = false

  constructor(options: GoneMembersOptions) {
    this.#with = options
  }

  /**
   * Looks who is in the group, and again until the broker has answered; nobody waits for it. To be called with each assignment.
   * @param gained whether tasks of others have come here: then also for what members have left open that are gone
   */
  look(gained: boolean): void {
    if (this.#with.admin.openTransactionalIds === undefined || this.#abort.signal.aborted) return
    this.#due = true
    if (gained) this.#gained = true
    if (this.#looking) return
    this.#looking = true
    void this.#look().finally(() => (this.#looking = false))
  }

  /** What is on its way fails with the client. */
  close(): void {
    this.#abort.abort()
  }

  async #look(): Promise<void> {
    const { clock, logger, end } = this.#with
    const { signal } = this.#abort
    for (let retryMs = FIRST_RETRY_MS; this.#due && !signal.aborted;) {
      const gained = this.#gained
      this.#due = false
      this.#gained = false
      try {
        const gone = await this.#gone(gained)
        if (gone.length > 0 && !signal.aborted) await end(gone)
        retryMs = FIRST_RETRY_MS
      } catch (error) {
        if (signal.aborted) return
        if (!isMillraceError(error, 'retriable', 'fenced')) {
          logger.warn({ error }, 'what members that are gone have left open cannot be ended: it times out')
          return
        }
        logger.debug({ error }, 'what members that are gone have left open cannot be ended yet')
        this.#due = true
        if (gained) this.#gained = true
        await clock.sleep(retryMs, signal)
        retryMs = Math.min(2 * retryMs, LAST_RETRY_MS)
      }
    }
  }

  /** Names of members that have something open and are not in the group. */
  async #gone(looksForTransactions: boolean): Promise<readonly string[]> {
    const { applicationId, processId, memberName, admin, reach } = this.#with
    const prefix = `${applicationId}-`
    // Before the group: who has begun something by then was in it.
    const open = looksForTransactions ? ((await admin.openTransactionalIds?.(await reach())) ?? []) : []
    const group = await admin.describeGroup(applicationId)
    const clientIds = new Set(group?.members.map(({ clientId }) => clientId))
    const isOurs = (name: string) => GENERATED.test(name) || name.split('#')[0] === processId || this.#known.has(name)
    const gone = open
      .filter(id => id.startsWith(prefix) && !clientIds.has(id))
      .map(id => id.slice(prefix.length))
      .filter(isOurs)
    const named = [...clientIds].filter(id => id.startsWith(prefix))
    for (const id of named) this.#known.add(id.slice(prefix.length))
    // Where others have other client ids, or this member, who is there cannot be told.
    return named.length === clientIds.size && clientIds.has(prefix + memberName) ? gone : []
  }
}
