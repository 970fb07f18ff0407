import { type CompactedRecord, reasonOf } from '@millrace/core'

/*
 * The topic of the keys. Each record has the id of a key as its key, and JSON as its value:
 *
 *     {"subject":"c-17","master":"master","wrapped":base64,"createdAt":ms}
 *     {"forgottenAt":ms}      takes the place of the former, and stays: so a forgotten key is told from one that never was here
 */
export type KeyRecord =
  | {
      readonly id: string
      readonly subject: string
      readonly master: string
      readonly wrapped: Buffer
      readonly createdAt: number
    }
  | { readonly id: string; readonly forgottenAt: number }

export function printKeyRecord(record: KeyRecord): CompactedRecord {
  const { id, ...content } = record
  const value = 'wrapped' in content ? { ...content, wrapped: content.wrapped.toString('base64') } : content
  return { key: Buffer.from(id), value: Buffer.from(JSON.stringify(value)) }
}

/** Undefined for a tombstone. @throws Error when it is no record of a key */
export function parseKeyRecord({ key, value }: CompactedRecord): KeyRecord | undefined {
  if (value === null) return undefined
  const id = key.toString()
  let content: Readonly<Record<string, unknown>>
  try {
    content = JSON.parse(value.toString()) as typeof content
  } catch (cause) {
    throw new Error(`the value of ${id} is no JSON: ${reasonOf(cause)}`, { cause })
  }
  const { subject, master, wrapped, createdAt, forgottenAt } = content
  if (typeof forgottenAt === 'number') return { id, forgottenAt }
  if (typeof subject !== 'string' || typeof master !== 'string' || typeof wrapped !== 'string')
    throw new Error(`the value of ${id} is no key of a person`)
  return { id, subject, master, wrapped: Buffer.from(wrapped, 'base64'), createdAt: Number(createdAt) }
}
