import { type Admin, type Clock, isMillraceError, millraceError, reasonOf, openClient } from '@millrace/core'
import { deleteLocalState } from '../state/directory/local-state.ts'
import { planReset, type ResetPlan } from './plan-reset.ts'
import { type ResetOptions, type ResolvedReset, resolveReset } from './reset-options.ts'

/** The changes that a reset made, or would make. */
export interface ResetReport extends ResetPlan {
  readonly applicationId: string
  readonly dryRun: boolean
}

/** How long a broker that does not answer, or not yet, is asked again. */
const PATIENCE_MS = 10_000
const RETRY_MS = 200

/**
 * Takes an application back to where it has processed nothing: sets the offsets of its input, deletes its internal topics
 * and its local state, so that its next start computes everything again. Output topics stay as they are. No instance may be
 * running, and state directories on other machines have to be deleted there (`KafkaStreams.cleanUp`).
 *
 * Kafka Streams' `kafka-streams-application-reset`, with the local state, and with the topology, which leaves no guessing
 * about names. Try it with `dryRun` first.
 *
 * @throws MILLRACE_GROUP_ACTIVE, MILLRACE_STORE_LOCKED while the application runs; MILLRACE_TOPIC_MISSING and
 * MILLRACE_RESET_INVALID for what cannot be done. Nothing is changed then. MILLRACE_RESET_INCOMPLETE when it broke off.
 *
 * @example
 * const report = await resetApplication({ applicationId: 'word-count', client: kafka({ brokers }), topology, dryRun: true })
 * console.log(formatReset(report))
 */
export async function resetApplication(options: ResetOptions): Promise<ResetReport> {
  const reset = resolveReset(options)
  const { applicationId, clock, logger, dryRun } = reset
  const client = openClient(reset.client, { clientId: `${applicationId}-reset`, clock, logger })
  try {
    const admin = client.admin()
    const plan = await patiently(clock, () => planReset(reset, admin))
    const report = { applicationId, dryRun, ...plan }
    if (dryRun) return report
    if (plan.obstacles[0] !== undefined) throw plan.obstacles[0]
    await carryOut(reset, plan, admin)
    return report
  } finally {
    await client.close()
  }
}

/**
 * Local state goes first, since the changelogs still have it if the reset breaks off there. Kafka refuses to set the offsets
 * of a group that somebody has joined meanwhile, so topics go only after that.
 */
async function carryOut(reset: ResolvedReset, plan: ResetPlan, admin: Admin): Promise<void> {
  const { applicationId, clock } = reset
  const step = async (what: string, run: () => Promise<unknown>) => {
    try {
      await patiently(clock, run)
    } catch (error) {
      const reason = reasonOf(error)
      throw millraceError('MILLRACE_RESET_INCOMPLETE', { applicationId, step: what, reason }, { cause: error })
    }
  }
  if (plan.members.length > 0) await step('removing the members', () => admin.removeMembers(applicationId))
  await step('deleting the local state', () => deleteLocalState(reset))
  const offsets = plan.offsets.map(({ topic, partition, to }) => ({ topic, partition, offset: to }))
  await step('setting offsets', () => admin.alterOffsets(applicationId, offsets))
  for (const topic of plan.deletedTopics) await step(`deleting the topic "${topic}"`, () => deleteTopic(admin, topic))
}

/** One that is gone already was deleted by an attempt whose answer was lost. */
async function deleteTopic(admin: Admin, topic: string): Promise<void> {
  await admin.deleteTopics([topic]).catch((error: unknown) => {
    if (!isMillraceError(error) || error.code !== 'MILLRACE_TOPIC_MISSING') throw error
  })
}

async function patiently<T>(clock: Clock, run: () => Promise<T>): Promise<T> {
  const deadline = clock.monotonic() + PATIENCE_MS
  for (;;) {
    try {
      return await run()
    } catch (error) {
      if (!isMillraceError(error, 'retriable') || clock.monotonic() >= deadline) throw error
      await clock.sleep(RETRY_MS)
    }
  }
}
