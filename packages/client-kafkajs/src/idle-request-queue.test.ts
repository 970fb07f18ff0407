import { createRequire } from 'node:module'
import { expect, it } from 'vitest'
import { letRequestQueuesIdle } from './idle-request-queue.ts'

/** kafkajs' own, of which its types say nothing. */
interface RequestQueue {
  throttleCheckTimeoutId: NodeJS.Timeout | null
  throttledUntil: number
  readonly pending: unknown[]
  checkPendingRequests(): void
  destroy(): void
}

const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as new (
  options: object,
) => RequestQueue

function newQueue(): RequestQueue {
  const logger = { debug: () => {} }
  const limits = { maxInFlightRequests: 1, requestTimeout: 30_000, enforceRequestTimeout: false }
  return new RequestQueue({ ...limits, clientId: 'test', broker: 'b:1', logger })
}

it("keeps kafkajs' queues from looking for requests where none wait, and only then", async () => {
  await letRequestQueuesIdle()
  await letRequestQueuesIdle()
  const queue = newQueue()
  queue.checkPendingRequests()
  expect(queue.throttleCheckTimeoutId).toBeNull()

  // The broker has asked to be left alone for a while.
  queue.throttledUntil = Date.now() + 60_000
  queue.pending.push({})
  queue.checkPendingRequests()
  expect(queue.throttleCheckTimeoutId).not.toBeNull()
  clearTimeout(queue.throttleCheckTimeoutId!)
  queue.destroy()
})
