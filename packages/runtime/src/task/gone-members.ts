import { type Admin, type Clock, isMillraceError, type Logger, type TransactionReach } from '@millrace/core'

/** Between two attempts, doubled each time: a transaction of unknown outcome has no end. */
const [FIRST_RETRY_MS, LAST_RETRY_MS] = [500, 30_000]

/** A name that Millrace has made, for a process or one of its threads. */
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
  /** The part of it that no other application writes. */
  readonly internalReach: () => Promise<TransactionReach>
  /** Ends what members of these names have left open. */
  readonly end: (names: readonly string[]) => Promise<void>
}

/**
 * Ends transactions of members that are gone. Until their timeout they hide what was written behind them from readers of committed records, and
 * hold the offsets of tasks that others have by now. If the broker loses their markers (KAFKA-20734), nobody else looks for them.
 *
 * Members are known by what they write, which is internal topics, and by their names: a process that Millrace has named and its threads, and
 * other threads of the own process. Another name in an output may be a part of another application's id. Each is gone that the group does not
 * have. One that is about to join is fenced too, and begins again.
 */
export class GoneMembers {
  readonly #with: GoneMembersOptions
  readonly #abort = new AbortController()
  #due = false
  #looking = false

  constructor(options: GoneMembersOptions) {
    this.#with = options
  }

  /** Looks, and again until the broker has answered; nobody waits for it. To be called when tasks of others have come here. */
  look(): void {
    if (this.#with.admin.openTransactionalIds === undefined || this.#abort.signal.aborted) return
    this.#due = true
    if (this.#looking) return
    this.#looking = true
    void this.#look().finally(() => (this.#looking = false))
  }

  /** What is on its way fails with the client. */
  close(): void {
    this.#abort.abort()
  }

  async #look(): Promise<void> {
    const { clock, logger } = this.#with
    const { signal } = this.#abort
    for (let retryMs = FIRST_RETRY_MS; this.#due && !signal.aborted;) {
      this.#due = false
      try {
        const gone = await this.#gone()
        if (gone.length > 0 && !signal.aborted) await this.#with.end(gone)
        retryMs = FIRST_RETRY_MS
      } catch (error) {
        if (signal.aborted) return
        if (!isMillraceError(error, 'retriable', 'fenced')) {
          logger.warn({ error }, 'what members that are gone have left open cannot be ended: it times out')
          return
        }
        logger.debug({ error }, 'what members that are gone have left open cannot be ended yet')
        this.#due = true
        await clock.sleep(retryMs, signal)
        retryMs = Math.min(2 * retryMs, LAST_RETRY_MS)
      }
    }
  }

  /** Names of members that have something open and are not in the group. */
  async #gone(): Promise<readonly string[]> {
    const { applicationId, processId, memberName, admin, reach, internalReach } = this.#with
    const prefix = `${applicationId}-`
    const namesIn = async (where: TransactionReach) =>
      ((await admin.openTransactionalIds?.(where)) ?? [])
        .filter(id => id.startsWith(prefix))
        .map(id => id.slice(prefix.length))
        .filter(name => name !== memberName)
    const open = await namesIn(await reach())
    const isOurs = (name: string) => GENERATED.test(name) || name.split('#')[0] === processId
    const writers = open.every(isOurs) ? [] : await namesIn(await internalReach())
    const names = open.filter(name => isOurs(name) || writers.includes(name))
    if (names.length === 0) return []
    const group = await admin.describeGroup(applicationId)
    const there = new Set(group?.members.map(({ clientId }) => clientId))
    return names.filter(name => !there.has(prefix + name))
  }
}
