import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto'
import { authenticated } from './authenticated.ts'

/*
 * An encrypted field:
 *
 *     "~pd1." key id "." base64url( nonce 12, tag 16, ciphertext )
 *
 * AES-256-GCM, with the person, the place of the field and the key id as authenticated data. The nonce is the HMAC of these and of the
 * plaintext, under a key of its own. Equal values of one field of one person therefore have equal bytes, which tables, caches and joins by
 * foreign key rely on, and no two different plaintexts share a nonce except by a collision of 96 bits.
 */

/** Keys for one person, derived from the stored one. */
export interface FieldKeys {
  readonly id: string
  readonly encryption: Buffer
  readonly nonce: Buffer
}

/** What an encrypted field belongs to. */
export interface FieldPlace {
  readonly subject: string
  /** With indexes, such as `addresses[0].street`. */
  readonly field: string
}

export const PREFIX = '~pd1.'
const NONCE_BYTES = 12
const TAG_BYTES = 16

export function fieldKeysOf(id: string, key: Buffer): FieldKeys {
  const derive = (purpose: string): Buffer => Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), purpose, 32))
  return { id, encryption: derive('millrace field encryption'), nonce: derive('millrace field nonce') }
}

export function encryptField(plain: Buffer, place: FieldPlace, keys: FieldKeys): string {
  const context = contextOf(place, keys.id)
  const nonce = createHmac('sha256', keys.nonce).update(context).update(plain).digest().subarray(0, NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', keys.encryption, nonce).setAAD(context)
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()])
  return `${PREFIX}${keys.id}.${Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')}`
}

/** The key id of an encrypted field, and the rest; undefined if the text is no encrypted field. */
export function parseEncrypted(text: string): { readonly keyId: string; readonly sealed: Buffer } | undefined {
  const [, keyId, sealed] = /^~pd1\.([\w-]+)\.([\w-]+)$/.exec(text) ?? []
  return keyId === undefined ? undefined : { keyId, sealed: Buffer.from(sealed!, 'base64url') }
}

/** @throws when the field was encrypted for another place, or was changed */
export function decryptField(sealed: Buffer, place: FieldPlace, keys: FieldKeys): Buffer {
  const tagEnd = NONCE_BYTES + TAG_BYTES
  if (sealed.length < tagEnd) throw new Error('the encrypted field is cut off')
  const decipher = createDecipheriv('aes-256-gcm', keys.encryption, sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
    .setAAD(contextOf(place, keys.id))
    .setAuthTag(sealed.subarray(NONCE_BYTES, tagEnd))
  return Buffer.concat([decipher.update(sealed.subarray(tagEnd)), decipher.final()])
}

function contextOf({ subject, field }: FieldPlace, keyId: string): Buffer {
  return authenticated('millrace personal field', subject, field, keyId)
}
