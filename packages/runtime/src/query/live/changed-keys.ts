import { type Admin, type Clock, isMillraceError, type KafkaClient, type TopicPartition } from '@millrace/core'

export interface ChangedKeysOptions {
  readonly client: Pick<KafkaClient, 'consumer'>
  readonly admin: Admin
  readonly clock: Clock
}

/** A longer part of a changelog is not read: a snapshot says the same. */
const MOST_RECORDS = 50_000
const PATIENCE_MS = 5_000
const POLL_MS = 50

/**
 * The keys of the records of a changelog from an offset on and before another one. Undefined if the part is too long, is no longer in the log,
 * or cannot be read in time.
 */
export async function changedKeys(
  { client, admin, clock }: ChangedKeysOptions,
  changelog: TopicPartition,
  from: number,
  to: number,
): Promise<readonly Buffer[] | undefined> {
  if (from >= to) return from === to ? [] : undefined
  if (to - from > MOST_RECORDS) return undefined
  const deadline = clock.monotonic() + PATIENCE_MS
  const consumer = client.consumer({ isolationLevel: 'read_committed' })
  const keys = new Map<string, Buffer>()
  try {
    const [first] = await admin.earliestOffsets([changelog])
    if (first === undefined || first.offset > from) return undefined
    await consumer.assign([{ ...changelog, offset: from }])
    for (let next = from; next < to;) {
      if (clock.monotonic() >= deadline) return undefined
      for (const batch of await consumer.poll(POLL_MS)) {
        const cursor = batch.cursor()
        while (cursor.advance() && cursor.offset < to) {
          if (cursor.keyStart < 0) continue
          const key = Buffer.from(cursor.keyBytes.subarray(cursor.keyStart, cursor.keyEnd))
          keys.set(key.toString('latin1'), key)
        }
        next = Math.max(next, batch.nextOffset)
      }
    }
    return [...keys.values()]
  } catch (error) {
    if (isMillraceError(error, 'retriable')) return undefined
    throw error
  } finally {
    await consumer.close()
  }
}
