import { ByteSink, type StorePlan, string } from '@millrace/core'
import { type StoreCodec, storeCodec } from '../../../packages/runtime/src/state/format/store-codec.ts'
import { drawInteger, drawTime, drawWellFormed } from './draw-datum.ts'
import { type Formats, format } from './format.ts'

/** What the stores themselves write to their changelogs, and read when they are restored. */
export const STORE_FORMATS: Formats = {
  'changelog key of a window store': format<EntryDatum>({
    draw: choice => ({
      key: drawWellFormed(choice),
      slot: Math.min(drawTime(choice), LAST_TIME),
      tie: Math.max(0, drawInteger(choice, 32)),
    }),
    encode: datum => changelogKey(codecOf('window'), datum),
    decode: bytes => restoredKey(codecOf('window'), bytes),
  }),
  'changelog key of a session store': format<EntryDatum>({
    draw(choice) {
      const [a, b] = [drawTime(choice), drawTime(choice)].map(time => Math.min(time, LAST_TIME)) as [number, number]
      return { key: drawWellFormed(choice), slot: Math.max(a, b), tie: Math.min(a, b) }
    },
    encode: datum => changelogKey(codecOf('session'), datum),
    decode: bytes => restoredKey(codecOf('session'), bytes),
  }),
  'value with its timestamp': format<StampedDatum>({
    draw: choice => ({ value: drawWellFormed(choice), timestamp: drawTime(choice) }),
    encode({ value, timestamp }) {
      const sink = new ByteSink()
      codecOf('key-value').writeValue(sink, value, timestamp)
      return Buffer.from(sink.buffer.subarray(0, sink.position))
    },
    decode(bytes) {
      const { content, timestamp } = codecOf('key-value').readContent(bytes)
      return { value: content as string, timestamp }
    },
  }),
}

/** Where the segments of 6 bytes end. */
const LAST_TIME = 2 ** 52

/** `slot` is the start of a window or the end of a session, `tie` the sequence number or the start. */
type EntryDatum = { readonly key: string; readonly slot: number; readonly tie: number }
type StampedDatum = { readonly value: string; readonly timestamp: number }

function codecOf(kind: StorePlan['kind']): StoreCodec {
  const serdes = { keySerde: string(), valueSerde: string() }
  const timestamped = kind !== 'session'
  return storeCodec(
    { name: 'store', kind, timestamped, ...serdes, caching: false, changelog: undefined, processors: [] },
    'topic',
  )
}

function changelogKey(codec: StoreCodec, { key, slot, tie }: EntryDatum): Buffer {
  const sink = new ByteSink()
  codec.writeKey(sink, key, slot, tie)
  return Buffer.from(sink.buffer.subarray(codec.keyPrefix, sink.position))
}

function restoredKey(codec: StoreCodec, changelog: Buffer): EntryDatum {
  const { key, slot, tie } = codec.readKey(Buffer.from(codec.restoredKey(changelog, 0, changelog.length, 0)))
  return { key: key as string, slot, tie }
}
