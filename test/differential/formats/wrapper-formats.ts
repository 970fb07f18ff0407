import { string } from '@millrace/core'
import { change } from '../../../packages/core/src/formats/change.ts'
import { decodeHeld, encodeHeld } from '../../../packages/core/src/formats/held-change.ts'
import { joinSideValues } from '../../../packages/core/src/formats/join-sides.ts'
import { INSTRUCTIONS, subscription, subscriptionResponse } from '../../../packages/core/src/formats/subscription.ts'
import type { Choice } from '../choice.ts'
import { drawBase64, drawBytes, drawInteger, drawList, drawTime, drawWellFormed, orNull } from './draw-datum.ts'
import { type Formats, format } from './format.ts'

const HASH_BYTES = 16
const NO_TIME = -1

/** What wraps values on their way between sub-topologies, and in changelogs. */
export const WRAPPER_FORMATS: Formats = {
  subscription: format<SubscriptionDatum>({
    draw: choice => ({
      hash: orNull(choice, 30, drawHash),
      instruction: choice.below(INSTRUCTIONS.length),
      primaryKey: drawWellFormed(choice),
      // Without it, as Kafka Streams wrote it before 3.4.
      primaryPartition: orNull(choice, 30, of => Math.max(0, drawInteger(of, 32))),
    }),
    encode: ({ hash, instruction, primaryKey, primaryPartition }) =>
      subscription(string()).serialize(
        {
          hash: fromBase64(hash),
          instruction: INSTRUCTIONS[instruction]!,
          primaryKey,
          primaryPartition: primaryPartition ?? undefined,
        },
        'topic',
      ),
    decode(bytes) {
      const read = subscription(string()).deserialize(bytes, 'topic')
      return {
        hash: toBase64(read.hash),
        instruction: INSTRUCTIONS.indexOf(read.instruction),
        primaryKey: read.primaryKey as string,
        primaryPartition: read.primaryPartition ?? null,
      }
    },
  }),
  'response to a subscription': format<ResponseDatum>({
    draw: choice => ({ hash: orNull(choice, 30, drawHash), foreignValue: orNull(choice, 20, drawWellFormed) }),
    encode: ({ hash, foreignValue }) =>
      subscriptionResponse(string()).serialize(
        { hash: fromBase64(hash), foreignValue, primaryPartition: undefined },
        'topic',
      ),
    decode(bytes) {
      const { hash, foreignValue } = subscriptionResponse(string()).deserialize(bytes, 'topic')
      return { hash: toBase64(hash), foreignValue: foreignValue as string | null }
    },
  }),
  'change of a row': format<ChangeDatum>({
    draw(choice) {
      const newValue = orNull(choice, 30, drawWellFormed)
      return { newValue, oldValue: newValue === null ? drawWellFormed(choice) : orNull(choice, 40, drawWellFormed) }
    },
    encode: datum => change(string()).serialize(datum, 'topic'),
    decode: bytes => change(string()).deserialize(bytes, 'topic') as ChangeDatum,
  }),
  'values of unmatched records': format<readonly SideDatum[]>({
    draw: choice => drawList(choice, () => ({ left: choice.chance(50), value: drawWellFormed(choice) })),
    encode: data => joinSideValues(string(), string()).serialize(data, 'topic'),
    decode: bytes =>
      joinSideValues(string(), string())
        .deserialize(bytes, 'topic')
        .map(({ left, value }) => ({ left, value: value as string })),
  }),
  'what suppress holds back': format<HeldDatum>({
    draw(choice) {
      const prior = orNull(choice, 30, drawBase64)
      return {
        timestamp: choice.chance(10) ? NO_TIME : drawTime(choice),
        offset: drawTime(choice),
        topic: drawWellFormed(choice),
        partition: Math.max(0, drawInteger(choice, 32)),
        headers: drawList(choice, () => ({ key: drawWellFormed(choice), value: orNull(choice, 20, drawBase64) })),
        prior,
        old: choice.chance(30) ? prior : orNull(choice, 30, drawBase64),
        value: orNull(choice, 20, drawBase64),
        time: drawTime(choice),
      }
    },
    encode: ({ headers, prior, old, value, ...others }) =>
      encodeHeld({
        ...others,
        headers: headers.map(header => ({ key: header.key, value: fromBase64(header.value) })),
        prior: fromBase64(prior),
        old: fromBase64(old),
        value: fromBase64(value),
      }),
    decode(bytes) {
      const { timestamp, offset, topic, partition, headers, prior, old, value, time } = decodeHeld(bytes)
      return {
        timestamp,
        offset,
        topic: topic ?? '',
        partition,
        headers: headers.map(header => ({ key: header.key, value: toBase64(header.value) })),
        prior: toBase64(prior),
        old: toBase64(old),
        value: toBase64(value),
        time,
      }
    },
  }),
}

type SubscriptionDatum = {
  readonly hash: string | null
  readonly instruction: number
  readonly primaryKey: string
  readonly primaryPartition: number | null
}
type ResponseDatum = { readonly hash: string | null; readonly foreignValue: string | null }
type ChangeDatum = { readonly newValue: string | null; readonly oldValue: string | null }
type SideDatum = { readonly left: boolean; readonly value: string }
type HeldDatum = {
  readonly timestamp: number
  readonly offset: number
  readonly topic: string
  readonly partition: number
  readonly headers: readonly { readonly key: string; readonly value: string | null }[]
  readonly prior: string | null
  readonly old: string | null
  readonly value: string | null
  readonly time: number
}

function drawHash(choice: Choice): string {
  const hash = Buffer.alloc(HASH_BYTES)
  drawBytes(choice, HASH_BYTES).copy(hash)
  return hash.toString('base64')
}

function fromBase64(base64: string | null): Buffer | null {
  return base64 === null ? null : Buffer.from(base64, 'base64')
}

function toBase64(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('base64')
}
