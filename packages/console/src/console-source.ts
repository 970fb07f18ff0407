import type { ClientFactory, Plan } from '@millrace/core'
import type { KafkaStreams, KafkaStreamsOptions, StoredRecord } from '@millrace/runtime'

/** What the console uses of a `KafkaStreams`. */
export type ShownStreams = Pick<KafkaStreams, 'plan' | 'options' | 'state' | 'tasks' | 'metrics' | 'on' | 'off'> &
  Pick<KafkaStreams, 'metadataForAllInstances'>

/** Makes the text of a test that replays records of one partition. */
export type SliceTest = (slice: {
  readonly topic: string
  readonly records: readonly StoredRecord[]
}) => Promise<string>

/** The application that is shown. */
export interface ConsoleSource {
  readonly plan: Plan
  readonly applicationId: string
  readonly client: ClientFactory
  /** As given, to show the configuration. */
  readonly options: Partial<KafkaStreamsOptions> | undefined
  readonly deadLetterTopic: string | undefined
  /** Undefined where the application runs elsewhere. */
  readonly streams: ShownStreams | undefined
  readonly readsStores: boolean
  /** Makes a test of records. Undefined where the module of the topology is not known. */
  readonly sliceTest: SliceTest | undefined
}

export function sourceOfStreams(streams: ShownStreams): ConsoleSource {
  const { plan, options } = streams
  const { applicationId, client } = options
  const deadLetterTopic = deadLetterTopicOf(options)
  return { plan, applicationId, client, options, deadLetterTopic, streams, readsStores: true, sliceTest: undefined }
}

export function deadLetterTopicOf({ onBadRecord }: Partial<KafkaStreamsOptions>): string | undefined {
  return typeof onBadRecord === 'object' ? onBadRecord.deadLetterTopic : undefined
}
