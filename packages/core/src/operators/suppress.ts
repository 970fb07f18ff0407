import { millraceError } from '../errors/millrace-error.ts'
import type { Windowed } from '../record/windowed.ts'
import { decodeHeld, encodeHeld, type HeldChange, heldSize } from '../formats/held-change.ts'
import { viewBytes } from '../record/byte-arrays.ts'
import { HeldQueue } from './held-queue.ts'
import type { OperatorEnv, Process } from './process.ts'
import { StreamTime } from './stream-time.ts'
import type { Serde } from '../serde/serde.ts'

/** Holds updates back: all until stream time has passed their time by `waitMs`, or the buffer is full. */
export interface SuppressSpec {
  readonly type: 'suppress'
  readonly store: string
  /** An update's time is the end of its window, or its timestamp. */
  readonly until: 'window-closes' | 'time-limit'
  readonly waitMs: number
  /** How long the windows above are, by which an update can be older than its time; 0 with a time limit. */
  readonly windowMs: number
  /** `Infinity` without a limit. */
  readonly maxRecords: number
  readonly maxBytes: number
  readonly whenFull: 'emit-early' | 'shut-down'
  readonly keySerde: Serde<unknown>
  readonly valueSerde: Serde<unknown>
}

/**
 * `KTable.suppress`: holds updates back, the latest for each key, until stream time (the highest timestamp that has reached
 * this operator) has passed their time by `waitMs`, or the buffer is full. What is held back is in a store, so that it
 * survives a restart; stream time does not, as in Kafka Streams.
 */
export function compileSuppress(spec: SuppressSpec, env: OperatorEnv): Process {
  const { context, forward } = env
  const { name } = env.node
  const { keySerde, valueSerde, maxRecords, maxBytes } = spec
  const store = env.orderedStore(spec.store)
  const topic = env.node.name
  const queue = new HeldQueue(context)
  const streamTime = new StreamTime(context)
  let bytes = 0
  const setBytes = (before: number) => {
    bytes = before
  }

  env.onInit(async () => {
    for await (const { key, value } of store.entries()) {
      const change = decodeHeld(viewBytes(value as Uint8Array))
      const keyBytes = Buffer.from(key as Uint8Array)
      queue.add({ key: keyBytes, time: change.time, change })
      bytes += heldSize(keyBytes, change)
    }
  })

  const encode = (value: unknown) => (value === null || value === undefined ? null : valueSerde.serialize(value, topic))
  const decode = (value: Uint8Array | null) => (value === null ? null : valueSerde.deserialize(value, topic))

  function hold(key: unknown, value: unknown, old: unknown): void {
    const keyBytes = keySerde.serialize(key, topic)
    const held = queue.get(keyBytes)
    const oldBytes = encode(old)
    const change: HeldChange = {
      timestamp: context.timestamp,
      offset: context.offset,
      topic: context.topic,
      partition: context.partition,
      headers: context.headers,
      prior: held === undefined ? oldBytes : held.change.prior,
      old: oldBytes,
      value: encode(value),
      time: held?.time ?? (spec.until === 'window-closes' ? (key as Windowed<unknown>).window.end : context.timestamp),
    }
    if (held === undefined) {
      queue.add({ key: keyBytes, time: change.time, change })
      resize(heldSize(keyBytes, change))
    } else {
      resize(heldSize(keyBytes, change) - heldSize(keyBytes, held.change))
      queue.replace(held, change)
    }
    // The changelog has wall-clock times here.
    store.put(keyBytes, encodeHeld(change), env.wallClock())
  }

  function resize(by: number): void {
    context.undo?.note(setBytes, bytes)
    bytes += by
  }

  const isDue = () => queue.length > 0 && queue.first()!.time <= streamTime.now - spec.waitMs
  const isFull = () => queue.length > maxRecords || bytes > maxBytes

  /** Lets the first ones go while `wanted` says so. */
  async function release(wanted: () => boolean): Promise<void> {
    const { timestamp, headers, offset, partition } = context
    const topicBefore = context.topic
    try {
      while (wanted()) {
        const { key, change } = queue.first()!
        // Nobody has seen a window that is deleted before it closes.
        if (change.value !== null || spec.until !== 'window-closes') {
          context.timestamp = change.timestamp
          context.headers = change.headers
          context.topic = change.topic
          context.partition = change.partition
          context.offset = change.offset
          const waiting = context.apart(() =>
            forward(keySerde.deserialize(key, topic), decode(change.value), decode(change.old)),
          )
          if (waiting !== undefined) await waiting
        }
        queue.removeFirst()
        resize(-heldSize(key, change))
        store.put(key, null, env.wallClock())
      }
    } finally {
      Object.assign(context, { timestamp, headers, offset, partition, topic: topicBefore })
    }
  }

  async function releaseAll(): Promise<void> {
    await release(isDue)
    if (!isFull()) return
    if (spec.whenFull === 'shut-down') {
      throw millraceError('MILLRACE_SUPPRESS_BUFFER_FULL', { operator: name, records: queue.length, bytes })
    }
    await release(isFull)
  }

  env.onHeldAsked(() => queue.length > 0)
  env.onAdvance(time => {
    streamTime.reach(time)
    return isDue() ? release(isDue).then(() => true) : false
  })

  return (key, value, old): void | Promise<void> => {
    streamTime.reach(context.timestamp)
    try {
      hold(key, value, old)
    } catch (error) {
      context.fail(name, error)
    }
    if (isDue() || isFull()) return releaseAll()
  }
}
