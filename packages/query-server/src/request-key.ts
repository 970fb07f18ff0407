import { millraceError, reasonOf, type StorePlan, whenReady } from '@millrace/core'
import { fromJsonForm } from '@millrace/query-client'
import type { Given } from './request-parameters.ts'

/** A key as the store has it, and its bytes. */
export interface RequestKey {
  readonly key: unknown
  readonly bytes: Uint8Array
}

/**
 * Reads a key from a request. That its serde accepts it is known before any instance is asked.
 * @throws MILLRACE_QUERY_INVALID
 */
export async function requestKey(text: string, as: Given['as'], plan: StorePlan): Promise<RequestKey> {
  const { name: store, keySerde } = plan
  try {
    const key = as === 'base64' ? await keyOfBytes(base64Bytes(text), plan) : as === 'json' ? fromJson(text) : text
    if (key === undefined || key === null) throw new TypeError('it is null or undefined')
    return { key, bytes: await whenReady(() => keySerde.serialize(key, store)) }
  } catch (error) {
    const reason = `its key cannot be encoded by ${keySerde.name} when it is read as ${as}: ${reasonOf(error)}`
    const hint =
      as === 'text'
        ? 'Keys that are not text are given with as=json, a bigint as {"$bigint":"12"}, or with as=base64.'
        : 'Correct the key, or choose another way to write it with the parameter "as".'
    throw millraceError('MILLRACE_QUERY_INVALID', { store, reason }, { cause: error, hint })
  }
}

export async function keyOfBytes(bytes: Uint8Array, { name, keySerde }: StorePlan): Promise<unknown> {
  return await whenReady(() => keySerde.deserialize(bytes, name))
}

/** Both alphabets are accepted. */
export function base64Bytes(text: string): Uint8Array {
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) throw new TypeError('it is not base64')
  return Buffer.from(text, 'base64')
}

function fromJson(text: string): unknown {
  return fromJsonForm(JSON.parse(text))
}
