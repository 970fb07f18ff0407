import {
  keyOfWindowKey,
  murmur2,
  partitionForKey,
  sessionKey,
  sessionKeyWindow,
  string,
  windowKey,
  windowKeySequence,
  windowKeyStart,
} from '@millrace/core'
import { murmur3 } from '../../../packages/core/src/record/murmur3.ts'
import { joinSideKey } from '../../../packages/core/src/formats/join-sides.ts'
import { combinedKey } from '../../../packages/core/src/formats/subscription.ts'
import { drawBase64, drawInteger, drawTime, drawWellFormed } from './draw-datum.ts'
import { type Formats, format } from './format.ts'

const SESSION_SUFFIX = 16

/** Which partition a key goes to, and the keys of stores and their changelogs. */
export const KEY_FORMATS: Formats = {
  murmur2: format({
    draw: drawBase64,
    encode: (key: string) => text(murmur2(fromBase64(key), 0, fromBase64(key).length)),
  }),
  'default partitioner': format({
    draw: choice => ({ key: drawBase64(choice), partitions: 1 + choice.below(choice.chance(20) ? 2 ** 31 - 1 : 200) }),
    encode: ({ key, partitions }: { readonly key: string; readonly partitions: number }) =>
      text(partitionForKey(fromBase64(key), 0, fromBase64(key).length, partitions)),
  }),
  'hash of a row': format({ draw: drawBase64, encode: (row: string) => murmur3(fromBase64(row)) }),
  'window key': format({
    draw: choice => ({
      key: drawBase64(choice),
      start: drawTime(choice),
      sequence: Math.max(0, drawInteger(choice, 32)),
    }),
    encode: ({ key, start, sequence }: { readonly key: string; readonly start: number; readonly sequence: number }) =>
      windowKey(fromBase64(key), start, sequence),
    decode: bytes => ({
      key: Buffer.from(keyOfWindowKey(bytes)).toString('base64'),
      start: windowKeyStart(bytes),
      sequence: windowKeySequence(bytes),
    }),
  }),
  'session key': format({
    draw(choice) {
      const [a, b] = [drawTime(choice), drawTime(choice)]
      return { key: drawBase64(choice), start: Math.min(a, b), end: Math.max(a, b) }
    },
    encode: ({ key, start, end }: { readonly key: string; readonly start: number; readonly end: number }) =>
      sessionKey(fromBase64(key), { start, end }),
    decode: bytes => ({
      key: bytes.subarray(0, bytes.length - SESSION_SUFFIX).toString('base64'),
      ...sessionKeyWindow(bytes),
    }),
  }),
  'key of a subscription': format({
    draw: choice => ({ foreignKey: drawWellFormed(choice), primaryKey: drawWellFormed(choice) }),
    encode: ({ foreignKey, primaryKey }: { readonly foreignKey: string; readonly primaryKey: string }) =>
      combinedKey(
        sink => sink.append(Buffer.from(foreignKey)),
        sink => sink.append(Buffer.from(primaryKey)),
      ),
  }),
  'key of an unmatched record': format({
    draw: choice => ({ key: drawWellFormed(choice), timestamp: drawTime(choice), left: choice.chance(50) }),
    encode: (datum: { readonly key: string; readonly timestamp: number; readonly left: boolean }) =>
      joinSideKey(string()).serialize(datum, 'topic'),
    decode(bytes) {
      const { key, timestamp, left } = joinSideKey(string()).deserialize(bytes, 'topic')
      return { key: key as string, timestamp, left }
    },
  }),
}

function text(number: number): Buffer {
  return Buffer.from(String(number))
}

function fromBase64(base64: string): Buffer {
  return Buffer.from(base64, 'base64')
}
