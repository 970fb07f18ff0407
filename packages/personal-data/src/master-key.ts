import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { invalidOption, invalidSecret } from '@millrace/core'
import { authenticated } from './authenticated.ts'

/** What a wrapped key belongs to. A key that is moved to another place does not unwrap. */
export interface KeyContext {
  readonly keyId: string
  /** The person. */
  readonly subject: string
}

/**
 * The key that wraps the keys of all persons. Implement it over a key management service, or make one of 32 bytes with `masterKey`. A
 * promise is awaited before the keys are used.
 */
export interface MasterKey {
  /** Stored beside each wrapped key, so that several master keys can be told apart. */
  readonly id: string
  wrap(key: Buffer, context: KeyContext): Buffer | Promise<Buffer>
  /** @throws when the wrapped key was not made by this master key for this context */
  unwrap(wrapped: Buffer, context: KeyContext): Buffer | Promise<Buffer>
}

const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * A master key in memory, with AES-256-GCM.
 *
 * @param key 32 random bytes, or their base64
 * @param id of this key; give each key its own. @default 'master'
 * @throws MILLRACE_CONFIG_INVALID when the key has another length
 * @example
 * const key = masterKey(process.env.MASTER_KEY!)   // openssl rand -base64 32
 */
export function masterKey(key: Uint8Array | string, id = 'master'): MasterKey {
  const bytes =
    typeof key === 'string' ? Buffer.from(key, 'base64') : key instanceof Uint8Array ? Buffer.from(key) : undefined
  if (bytes?.length !== KEY_BYTES)
    throw invalidSecret(
      'key of masterKey()',
      `it must be ${KEY_BYTES} bytes or their base64, as openssl rand -base64 32 makes them`,
    )
  if (typeof (id as unknown) !== 'string' || id === '') throw invalidOption('id of masterKey()', id, 'it must be text')
  const contextBytes = ({ keyId, subject }: KeyContext): Buffer =>
    authenticated('millrace personal key', id, keyId, subject)
  return {
    id,
    wrap(plain, context) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', bytes, nonce).setAAD(contextBytes(context))
      const sealed = Buffer.concat([cipher.update(plain), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed])
    },
    unwrap(wrapped, context) {
      const tagEnd = NONCE_BYTES + TAG_BYTES
      if (wrapped.length !== tagEnd + KEY_BYTES) throw new Error(`a wrapped key has ${wrapped.length} bytes`)
      const decipher = createDecipheriv('aes-256-gcm', bytes, wrapped.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      })
        .setAAD(contextBytes(context))
        .setAuthTag(wrapped.subarray(NONCE_BYTES, tagEnd))
      return Buffer.concat([decipher.update(wrapped.subarray(tagEnd)), decipher.final()])
    },
  }
}
