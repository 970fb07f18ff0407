import type { KafkaStreamsOptions } from 'millrace'

/** What a worker process of the word count is told: all of it can be written as JSON. */
export interface WordCountSettings extends Pick<
  KafkaStreamsOptions,
  | 'applicationId'
  | 'stateDir'
  | 'processingGuarantee'
  | 'commitIntervalMs'
  | 'sessionTimeoutMs'
  | 'transactionTimeoutMs'
  | 'acceptableRecoveryLag'
  | 'groupProtocol'
  | 'maxRequestBytes'
  | 'probingRebalanceIntervalMs'
> {
  readonly brokers: string
  /** Topics. */
  readonly lines: string
  readonly counts: string
}

/** The same for a process with threads. */
export interface ThreadsSettings extends WordCountSettings {
  readonly threads: number
  /** The first thread that has seen this number of lines ends in the middle of its work. @default none */
  readonly crash?: { readonly afterLines: number; readonly marker: string }
}
