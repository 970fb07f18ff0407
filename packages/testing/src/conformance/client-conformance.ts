import type { ClientCase } from './client/client-harness.ts'
import { consumerCases } from './client/consumer-cases.ts'
import { groupAdminCases } from './client/group-admin-cases.ts'
import { groupCases } from './client/group-cases.ts'
import { heartbeatCases } from './client/heartbeat-cases.ts'
import { produceCases } from './client/produce-cases.ts'
import { streamsGroupCases } from './client/streams-group-cases.ts'
import { topicCases } from './client/topic-cases.ts'
import { transactionCases } from './client/transaction-cases.ts'

export { BROKER_TIMINGS, type ClientCase, type ClientHarness, type ClientTimings } from './client/client-harness.ts'

/**
 * The contract of the client port, case by case. Every adapter runs all of them, save those whose `requires` gives a reason
 * for its capabilities. Cases share a cluster and nothing else, so they may run side by side.
 *
 * @example
 * for (const { name, requires, run } of clientConformance()) {
 *   const reason = requires?.(capabilities)
 *   it.skipIf(reason)(reason ? `${name} (skipped: ${reason})` : name, () => run(newHarness()))
 * }
 */
export function clientConformance(): readonly ClientCase[] {
  const groups = [...groupCases, ...groupAdminCases, ...heartbeatCases, ...streamsGroupCases]
  return [...topicCases, ...produceCases, ...consumerCases, ...groups, ...transactionCases]
}
