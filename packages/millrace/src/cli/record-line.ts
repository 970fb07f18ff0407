import type { Plan } from '@millrace/core'
import { type JsonForm, toJsonForm } from '@millrace/query-client'
import { decodedPart, type SerdesOfTopic, serdesOfTopic, type StoredRecord } from '@millrace/runtime'
import { timeText } from './text-table.ts'

/** A record as a command prints it. Values are in the JSON form of the query server. */
export interface ShownRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key: JsonForm
  readonly value: JsonForm
  readonly headers: readonly { readonly key: string; readonly value: string | null }[]
}

/** The serdes of a topic, where the application is known and has it. */
export function knownSerdes(
  plan: Plan | undefined,
  applicationId: string | undefined,
  topic: string,
): SerdesOfTopic | undefined {
  return plan === undefined ? undefined : serdesOfTopic(plan, applicationId ?? '', topic)
}

/** What no serde reads is text if it is UTF-8, otherwise bytes. */
export async function shownRecord(
  record: StoredRecord,
  topic: string,
  serdes: SerdesOfTopic | undefined,
): Promise<ShownRecord> {
  const { partition, offset, timestamp, headers } = record
  const part = async (side: 'key' | 'value') => {
    const bytes = record[side]
    if (serdes === undefined || bytes === null) return bytesForm(bytes)
    const decoded = await decodedPart(serdes[side], bytes, topic, headers)
    return 'failure' in decoded ? bytesForm(bytes) : toJsonForm(decoded.value)
  }
  return {
    topic: record.topic,
    partition,
    offset,
    timestamp,
    key: await part('key'),
    value: await part('value'),
    headers: headers.map(({ key, value }) => ({ key, value: value === null ? null : value.toString() })),
  }
}

export function recordLine({ partition, offset, timestamp, key, value }: ShownRecord): string {
  return `${partition}/${offset}  ${timeText(timestamp)}  ${JSON.stringify(key)}  ${JSON.stringify(value)}`
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })

function bytesForm(bytes: Buffer | null): JsonForm {
  if (bytes === null) return null
  try {
    return UTF8.decode(bytes)
  } catch {
    return toJsonForm(bytes)
  }
}
