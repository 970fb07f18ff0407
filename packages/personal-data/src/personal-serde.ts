import { type Headers, isMillraceError, json, millraceError, notReady, reasonOf, type Serde } from '@millrace/core'
import { decryptField, encryptField, parseEncrypted, PREFIX } from './field-cipher.ts'
import { checkWay, type FieldSteps, withField } from './field-steps.ts'
import type { KeyRing } from './key-ring.ts'

export interface PersonalSerdeParts<T> {
  readonly ring: KeyRing
  readonly inner: Serde<T>
  readonly subject: (value: T) => string
  readonly fields: readonly FieldSteps[]
  /** The same as texts. */
  readonly fieldNames: readonly string[]
  readonly forgotten: unknown
  readonly acceptPlain: boolean
}

/** What is written for a forgotten field whose ciphertext is not at hand. */
const FORGOTTEN_TEXT = `${PREFIX}forgotten`

const BYTES = 0
const TEXT = 1
const JSON_VALUE = 2
const anyJson = json()

/** The ciphertexts of forgotten fields, by the value that was read: written again, it has the same bytes. */
type Remembered = Map<string, string | Buffer>

export function personalSerde<T>(parts: PersonalSerdeParts<T>): Serde<T> {
  const { ring, inner, fields, forgotten, acceptPlain } = parts
  const name = `personal(${inner.name})`
  const remembered = new WeakMap<object, Remembered>()

  const encrypt = (value: T): T => {
    const known = remembered.get(value as object)
    let subject: string | undefined
    const encryptOne = (field: unknown, path: string): unknown => {
      if (Object.is(field, forgotten) && known?.has(path)) return known.get(path)
      if (field === null || field === undefined) return field
      if (Object.is(field, forgotten)) return FORGOTTEN_TEXT
      subject ??= subjectOf(value)
      const text = encryptField(plainOf(field, path), { subject, field: path }, ring.keyFor(subject))
      return field instanceof Uint8Array ? Buffer.from(text) : text
    }
    for (const [index, steps] of fields.entries()) checkWay(value, steps, parts.fieldNames[index]!)
    const written = fields.reduce<unknown>((result, steps) => withField(result, steps, encryptOne), value) as T
    if (subject !== undefined && !isSubjectOf(written, subject))
      throw new TypeError(
        'subject() reads a field that is encrypted, so nobody could read the value again: leave that field out of fields',
      )
    return written
  }

  /** Who reads a value asks `subject` before the fields are decrypted. */
  const isSubjectOf = (value: T, subject: string): boolean => {
    try {
      return parts.subject(value) === subject
    } catch {
      return false
    }
  }

  const decrypt = (value: T): T => {
    const kept: Remembered = new Map()
    const decryptOne = (field: unknown, path: string): unknown => {
      if (field === null || field === undefined) return field
      const text = field instanceof Uint8Array ? Buffer.from(field).toString('latin1') : field
      if (text === FORGOTTEN_TEXT) return forgotten
      const found = typeof text === 'string' && text.startsWith(PREFIX) ? parseEncrypted(text) : undefined
      if (found === undefined) {
        if (acceptPlain) return field
        throw decodeError(`the field "${path}" is not encrypted: with acceptPlain it is read as it is`)
      }
      const keys = ring.keyById(found.keyId)
      if (keys === 'forgotten') {
        kept.set(path, field as string | Buffer)
        return forgotten
      }
      if (keys === undefined) throw new UnknownKey(found.keyId, path)
      try {
        return valueOf(decryptField(found.sealed, { subject: subjectOf(value), field: path }, keys))
      } catch (cause) {
        throw decodeError(`the field "${path}" was encrypted for another field or person, or was changed`, cause)
      }
    }
    const result = fields.reduce<unknown>((decoded, steps) => withField(decoded, steps, decryptOne), value) as T
    if (kept.size > 0) remembered.set(result as object, kept)
    return result
  }

  const subjectOf = (value: T): string => {
    const subject: unknown = parts.subject(value)
    if (typeof subject === 'string' && subject !== '') return subject
    throw new TypeError('subject() gives no text: it names the person whose fields are encrypted')
  }

  const decodeError = (reason: string, cause?: unknown): Error =>
    millraceError('MILLRACE_SERDE_DECODE', { serde: name, reason }, { cause })

  /** Keys that the topic does not have although it has been read to its end. */
  const missing = new Set<string>()

  const guarded = <R>(code: 'MILLRACE_SERDE_ENCODE' | 'MILLRACE_SERDE_DECODE', run: () => R): R => {
    try {
      return run()
    } catch (error) {
      if (error instanceof UnknownKey) {
        const { keyId, path } = error
        if (missing.has(keyId)) {
          missing.delete(keyId)
          throw decodeError(`the key ${keyId} of the field "${path}" is not in the topic of the keys`)
        }
        throw notReady(
          `the key ${keyId}`,
          ring.refresh().then(() => void missing.add(keyId)),
        )
      }
      if (isMillraceError(error)) throw error
      throw millraceError(code, { serde: name, reason: reasonOf(error) }, { cause: error })
    }
  }

  return {
    name,
    ...(inner.headerKeys !== undefined && { headerKeys: inner.headerKeys }),
    async prepare(topic, use) {
      await Promise.all([ring.open(), inner.prepare?.(topic, use)])
    },
    serialize: (value, topic, headers) =>
      inner.serialize(
        guarded('MILLRACE_SERDE_ENCODE', () => encrypt(value)),
        topic,
        headers,
      ),
    ...(inner.serializeRecord !== undefined && {
      serializeRecord: (value: T, topic: string) =>
        inner.serializeRecord!(
          guarded('MILLRACE_SERDE_ENCODE', () => encrypt(value)),
          topic,
        ),
    }),
    deserialize(bytes: Uint8Array, topic: string, headers?: Headers) {
      const value = inner.deserialize(bytes, topic, headers)
      return guarded('MILLRACE_SERDE_DECODE', () => decrypt(value))
    },
  }
}

/** A key that is not known yet, or not at all. */
class UnknownKey extends Error {
  readonly keyId: string
  readonly path: string

  constructor(keyId: string, path: string) {
    super(keyId)
    this.keyId = keyId
    this.path = path
  }
}

function plainOf(field: unknown, path: string): Buffer {
  if (field instanceof Uint8Array) return Buffer.concat([Buffer.of(BYTES), field])
  // Half of a surrogate pair has a form in JSON only.
  if (typeof field === 'string' && field.isWellFormed()) return Buffer.concat([Buffer.of(TEXT), Buffer.from(field)])
  try {
    return Buffer.concat([Buffer.of(JSON_VALUE), anyJson.serialize(field, '')])
  } catch (cause) {
    throw new TypeError(`the field "${path}": ${isMillraceError(cause) ? cause.problem : reasonOf(cause)}`, { cause })
  }
}

function valueOf(plain: Buffer): unknown {
  const content = plain.subarray(1)
  switch (plain[0]) {
    case BYTES:
      return Buffer.from(content)
    case TEXT:
      return content.toString()
    default:
      return anyJson.deserialize(content, '')
  }
}
