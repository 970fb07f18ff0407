import type { ClientCapabilities, KafkaClient } from '@millrace/core'
import type { ConformanceCase } from '../conformance-case.ts'

/** What a case gets to work with: one for each case, thrown away after it. */
export interface ClientHarness {
  /** A new client, closed by the harness after the case. */
  client(clientId?: string): KafkaClient
  /** A name that nobody else on the cluster has. */
  uniqueName(prefix: string): string
  readonly timings: ClientTimings
}

/** Milliseconds. They depend on what the broker allows and how fast it is. */
export interface ClientTimings {
  /** After this a case gives up waiting for what should have happened. */
  readonly patienceMs: number
  /** A broker allows 6 000 at the least, unless configured otherwise. */
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
  readonly rebalanceTimeoutMs: number
  readonly transactionTimeoutMs: number
}

/** For a broker with the default configuration. */
export const BROKER_TIMINGS: ClientTimings = {
  patienceMs: 45_000,
  sessionTimeoutMs: 6_000,
  heartbeatIntervalMs: 300,
  rebalanceTimeoutMs: 6_000,
  transactionTimeoutMs: 2_000,
}

export type ClientCase = ConformanceCase<ClientHarness, ClientCapabilities>
