import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { systemClock, type KafkaClient } from '@millrace/core'
import { clientConformance, type ClientHarness } from '@millrace/testing/conformance'
import { describe, it } from 'vitest'

/** Real time, as for every other client, but nothing here takes long. */
const TIMINGS = {
  patienceMs: 15_000,
  sessionTimeoutMs: 500,
  heartbeatIntervalMs: 20,
  rebalanceTimeoutMs: 2_000,
  transactionTimeoutMs: 500,
}
const logger = { debug() {}, info() {}, warn() {}, error() {} }

describe.each([
  ['group-metadata', 'cooperative'],
  ['producer-per-task', 'cooperative'],
  ['producer-per-task', 'eager'],
  ['none', 'eager'],
] as const)('memory, transactions %s, %s', { timeout: 120_000 }, (transactions, rebalance) => {
  const cluster = new MemoryCluster({ clock: systemClock, checksums: true })
  const factory = memoryClient(cluster, { transactions, rebalance })
  const { capabilities } = factory({ clientId: 'capabilities', clock: systemClock, logger })
  let names = 0

  for (const { name, requires, run } of clientConformance()) {
    const reason = requires?.(capabilities)
    it.skipIf(reason !== undefined).concurrent(
      reason === undefined ? name : `${name} (skipped: ${reason})`,
      async () => {
        const clients: KafkaClient[] = []
        const harness: ClientHarness = {
          timings: TIMINGS,
          uniqueName: prefix => `${prefix}-${names++}`,
          client(clientId = 'conformance') {
            const client = factory({ clientId, clock: systemClock, logger })
            clients.push(client)
            return client
          },
        }
        try {
          await run(harness)
        } finally {
          await Promise.all(clients.map(client => client.close()))
        }
      },
    )
  }
})
