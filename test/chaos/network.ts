import { setTimeout } from 'node:timers/promises'
import type { KafkaApi, KafkaProxy, ProxyFault } from '@millrace/testing/kafka-proxy'
import type { History } from './history.ts'

/** Requests whose loss, delay or repetition can cost records. */
const APIS: readonly KafkaApi[] = [
  'Produce',
  'InitProducerId',
  'AddPartitionsToTxn',
  'AddOffsetsToTxn',
  'TxnOffsetCommit',
  'EndTxn',
  'OffsetFetch',
  'OffsetCommit',
  'FindCoordinator',
  'Metadata',
  'Fetch',
  'ListOffsets',
]
/** Those that keep a member in its group. */
const GROUP_APIS = {
  classic: ['JoinGroup', 'SyncGroup', 'Heartbeat'],
  streams: ['StreamsGroupHeartbeat'],
} as const satisfies Readonly<Record<string, readonly KafkaApi[]>>
const KINDS = [
  'cut-request',
  'cut-response',
  'swallow-request',
  'swallow-response',
  'delay-request',
  'delay-response',
  'duplicate-request',
] as const satisfies readonly ProxyFault['kind'][]

/** Lets one kind of fault meet one kind of request for some seconds. */
export async function networkTrouble(
  proxy: KafkaProxy,
  protocol: keyof typeof GROUP_APIS,
  between: (least: number, most: number) => number,
  { say }: History,
): Promise<void> {
  const apis = [...APIS, ...GROUP_APIS[protocol]]
  const api = apis[between(0, apis.length - 1)]!
  const kind = KINDS[between(0, KINDS.length - 1)]!
  const ms = between(1, 4_000)
  const forMs = between(1_000, 10_000)
  const probability = between(1, 10) / 10
  const fault: ProxyFault =
    kind === 'delay-request' || kind === 'delay-response' || kind === 'duplicate-request' ? { kind, ms } : { kind }
  say(`${kind} of ${api}${'ms' in fault ? ` by ${ms} ms` : ''}, ${probability * 100} % of them for ${forMs} ms`)
  const end = proxy.inject({ api, fault, probability, times: Number.POSITIVE_INFINITY })
  await setTimeout(forMs)
  end()
}
