import { type Headers, NO_HEADERS, type Producer } from '@millrace/core'
import type { ChangelogWriter } from '../state/buffer/store-output.ts'
import type { TaskStorePlan } from '../state/task-stores/task-store-plan.ts'
import { endOfValue, headersOf } from '../state/format/value-with-headers.ts'
import type { RecordContext } from './record-context.ts'

/** The version of the format in which `suppress` logs what it holds back, for Kafka Streams to tell. */
const SUPPRESSION_HEADERS: Headers = [{ key: 'v', value: Buffer.of(3) }]

/** Where a task's changes go. */
export interface ChangelogLog {
  readonly producer: Pick<Producer, 'topic'>
  readonly partition: number
  /** Of the record at hand, whose headers some stores log. */
  readonly context: RecordContext
}

/** Undefined for a store without a changelog, or whose changelog is the topic it is read from. */
export function changelogWriter(store: TaskStorePlan, log: ChangelogLog): ChangelogWriter | undefined {
  if (store.changelogTopic === undefined || store.changelogIsSource) return undefined
  const { partition, context } = log
  const appender = log.producer.topic(store.changelogTopic, { origin: context.originsOf(store.plan.name) })
  const valueHeaders = store.plan.suppression === true ? SUPPRESSION_HEADERS : NO_HEADERS
  // Kafka Streams logs a record's headers with the windows of joins and with the subscriptions of joins by foreign key;
  // with no other store, least of all those of the user.
  const withRecord = store.plan.logsHeaders === true
  if (store.plan.withHeaders === true) {
    return (timestamp, bytes, keyStart, keyEnd, valueStart, valueEnd) => {
      const kept = valueStart >= 0
      const headers = kept ? headersOf(bytes, valueStart, valueEnd) : context.headers
      const end = kept ? endOfValue(bytes, valueStart, valueEnd) : -1
      appender.append(partition, timestamp, bytes, keyStart, keyEnd, bytes, valueStart, end, headers)
    }
  }
  return (timestamp, bytes, keyStart, keyEnd, valueStart, valueEnd) => {
    const headers = withRecord ? context.headers : valueStart < 0 ? NO_HEADERS : valueHeaders
    appender.append(partition, timestamp, bytes, keyStart, keyEnd, bytes, valueStart, valueEnd, headers)
  }
}
