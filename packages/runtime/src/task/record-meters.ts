import type { Headers, Process, RecordCursor } from '@millrace/core'
import type { Meters } from '../observe/metrics.ts'
import type { SensorName } from '../observe/metric-table.ts'
import { type Sensor, Tally } from '../observe/sensor.ts'
import type { RecordContext } from './record-context.ts'

/** What Kafka Streams adds to key, value, headers and the name of the topic: timestamp, offset and partition. */
const RECORD_OVERHEAD = 20

/** Counts the records of a topic that a node reads or writes. On the hot path: plain additions. */
export class TopicTally {
  records = 0
  bytes = 0
  readonly #overhead: number

  constructor(topic: string) {
    this.#overhead = RECORD_OVERHEAD + Buffer.byteLength(topic)
  }

  read(cursor: RecordCursor, headers: Headers): void {
    const { keyStart, keyEnd, valueStart, valueEnd } = cursor
    this.add(keyStart < 0 ? 0 : keyEnd - keyStart, valueStart < 0 ? 0 : valueEnd - valueStart, headers)
  }

  add(keyBytes: number, valueBytes: number, headers: Headers): void {
    this.records++
    this.bytes += this.#overhead + keyBytes + valueBytes
    if (headers.length > 0) this.bytes += headerBytes(headers)
  }
}

function headerBytes(headers: Headers): number {
  let bytes = 0
  for (const { key, value } of headers) bytes += Buffer.byteLength(key) + (value?.length ?? 0)
  return bytes
}

/**
 * What is measured of records on their way through a task. Records are counted in plain objects, which sensors take over at the end of each
 * turn. What is above the recording level is not even compiled in.
 */
export class RecordMeters {
  readonly #meters: Meters
  readonly #context: RecordContext
  readonly #monotonic: () => number
  readonly #folded: { readonly tally: Tally; readonly sensor: Sensor }[] = []
  readonly #latencies = new Map<string, Tally>()

  constructor(meters: Meters, context: RecordContext, monotonic: () => number) {
    this.#meters = meters
    this.#context = context
    this.#monotonic = monotonic
    meters.beforeReading(() => this.fold())
  }

  /** Has the sensors take over what was collected. */
  fold(): void {
    for (const { tally, sensor } of this.#folded) if (tally.count > 0) tally.moveTo(sensor)
  }

  topic(direction: 'consumed' | 'produced', node: string, topic: string): TopicTally {
    const tally = new TopicTally(topic)
    const tags = { 'processor-node-id': node, topic }
    this.#meters.gauge(`topic.records-${direction}`, () => tally.records, tags)
    this.#meters.gauge(`topic.bytes-${direction}`, () => tally.bytes, tags)
    return tally
  }

  /** Of a node where records enter or leave the task. */
  endToEnd(node: string): Tally {
    const known = this.#latencies.get(node)
    if (known !== undefined) return known
    const tally = this.#tally('node.record-e2e-latency', { 'processor-node-id': node })!
    this.#latencies.set(node, tally)
    return tally
  }

  /** The process function of a node whose records end there. */
  terminal(node: string, process: Process): Process {
    const tally = this.endToEnd(node)
    const context = this.#context
    return (key, value, old) => {
      const { timestamp } = context
      const waiting = process(key, value, old)
      if (waiting === undefined) return tally.add(context.wallTime - timestamp)
      return waiting.then(() => tally.add(context.wallTime - timestamp))
    }
  }

  /** Counts the calls of a node, if the level says so. */
  counted(node: string, process: Process, sensor: SensorName = 'node.process'): Process {
    const tally = this.#tally(sensor, { 'processor-node-id': node })
    if (tally === undefined) return process
    return (key, value, old) => {
      tally.add(1)
      return process(key, value, old)
    }
  }

  /** Measures the records that a source takes, if the level says so. */
  entered<Arguments extends readonly unknown[]>(
    process: (...given: Arguments) => void | Promise<void>,
    timestampOf: (...given: Arguments) => number,
  ): (...given: Arguments) => void | Promise<void> {
    const latency = this.#tally('task.process-latency', {})
    const lateness = this.#tally('task.record-lateness', {})
    if (latency === undefined || lateness === undefined) return process
    const [context, monotonic] = [this.#context, this.#monotonic]
    return (...given) => {
      lateness.add(context.streamTime - timestampOf(...given))
      const began = monotonic()
      const waiting = process(...given)
      if (waiting === undefined) return latency.add(monotonic() - began)
      return waiting.then(() => latency.add(monotonic() - began))
    }
  }

  #tally(name: SensorName, tags: Readonly<Record<string, string>>): Tally | undefined {
    const sensor = this.#meters.sensor(name, tags)
    if (sensor === undefined) return undefined
    const tally = new Tally()
    this.#folded.push({ tally, sensor })
    return tally
  }
}
