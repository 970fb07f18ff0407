import { readInt32, writeInt32, writeInt64 } from '../record/big-endian.ts'
import { decodeHeld, encodeHeld, type HeldChange } from '../formats/held-change.ts'
import { viewBytes } from '../record/byte-arrays.ts'
import { HeldQueue } from './held-queue.ts'
import type { OperatorEnv, Process } from './process.ts'
import { StreamTime } from './stream-time.ts'
import type { Serde } from '../serde/serde.ts'

/** Records wait until stream time, by the records that come to the join, has passed theirs by `graceMs`. */
export interface JoinWaitSpec {
  readonly store: string
  readonly graceMs: number
  readonly keySerde: Serde<unknown>
  readonly valueSerde: Serde<unknown>
}

/*
 * A stream's record that waits for late versions of the table, in the store and its changelog (`TimeOrderedKeyValueBuffer` in
 * Kafka Streams), ordered by time:
 *
 *   key   := 0:int8 timestamp:int64 key sequence:int32
 *   value := as what `suppress` holds back, with neither an old value nor one before, and time 0
 */
const PREFIX_BYTES = 9
const SEQUENCE_BYTES = 4
const LAST_SEQUENCE = 0x7fffffff

/**
 * Lets the records of a join with a versioned table wait until stream time, the highest timestamp that came to the join, has
 * passed theirs by `graceMs`: they meet the versions then that came in the meantime. One that is late by more is joined at
 * once (KIP-923). What waits survives a restart; stream time does not, as in Kafka Streams.
 */
export function compileJoinWait(spec: JoinWaitSpec, env: OperatorEnv, join: Process): Process {
  const { context } = env
  const { keySerde, valueSerde, graceMs } = spec
  const { name } = env.node
  const store = env.orderedStore(spec.store)
  const queue = new HeldQueue(context)
  const streamTime = new StreamTime(context)
  let sequence = 0

  env.onInit(async () => {
    for await (const entry of store.entries()) {
      const key = Buffer.from(entry.key as Uint8Array)
      const change = decodeHeld(viewBytes(entry.value as Uint8Array))
      queue.add({ key, time: change.timestamp, change })
      // Kafka Streams counts from 0 again, and may write over one that still waits.
      sequence = Math.max(sequence, readInt32(key, key.length - SEQUENCE_BYTES))
    }
  })

  function hold(key: unknown, value: unknown): void {
    sequence = (sequence + 1) & LAST_SEQUENCE
    const { timestamp, offset, topic, partition, headers } = context
    const change: HeldChange = {
      timestamp,
      offset,
      topic,
      partition,
      headers,
      prior: null,
      old: null,
      value: valueSerde.serialize(value, name),
      time: 0,
    }
    const keyBytes = waitingKey(timestamp, keySerde.serialize(key, name), sequence)
    queue.add({ key: keyBytes, time: timestamp, change })
    // The changelog has wall-clock times here.
    store.put(keyBytes, encodeHeld(change), env.wallClock())
  }

  const isDue = () => queue.length > 0 && queue.first()!.time <= streamTime.now - graceMs

  async function release(): Promise<void> {
    const { timestamp, headers, offset, partition, topic } = context
    try {
      while (isDue()) {
        const { key, change } = queue.first()!
        context.timestamp = change.timestamp
        context.headers = change.headers
        context.topic = change.topic
        context.partition = change.partition
        context.offset = change.offset
        const keyBytes = key.subarray(PREFIX_BYTES, key.length - SEQUENCE_BYTES)
        const waiting = context.apart(() =>
          join(keySerde.deserialize(keyBytes, name), valueSerde.deserialize(change.value!, name)),
        )
        if (waiting !== undefined) await waiting
        queue.removeFirst()
        store.put(key, null, env.wallClock())
      }
    } finally {
      Object.assign(context, { timestamp, headers, offset, partition, topic })
    }
  }

  env.onHeldAsked(() => queue.length > 0)
  env.onAdvance(time => {
    streamTime.reach(time)
    return isDue() ? release().then(() => true) : false
  })

  return (key, value) => {
    const { timestamp } = context
    if (timestamp < streamTime.now - graceMs) return join(key, value)
    streamTime.reach(timestamp)
    try {
      hold(key, value)
    } catch (error) {
      return context.fail(name, error)
    }
    if (isDue()) return release()
  }
}

function waitingKey(timestamp: number, key: Uint8Array, sequence: number): Buffer {
  const bytes = Buffer.alloc(PREFIX_BYTES + key.length + SEQUENCE_BYTES)
  writeInt64(bytes, 1, timestamp)
  bytes.set(key, PREFIX_BYTES)
  writeInt32(bytes, PREFIX_BYTES + key.length, sequence)
  return bytes
}
