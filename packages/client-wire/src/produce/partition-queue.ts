import { BatchCursor, readBatchHeader, RecordBatchBuilder, type TopicPartition } from '@millrace/core'

/** Records for one partition, under construction or on their way. */
export interface Batch {
  readonly queue: PartitionQueue
  readonly builder: RecordBatchBuilder
  /** Given at the first attempt and kept at every other, so that the broker knows a batch that it has. */
  baseSequence: number | undefined
  /** As it goes out: made at the first attempt. */
  bytes: Buffer | undefined
  /** By the monotonic clock, of the first attempt. */
  firstSentAt: number | undefined
  /** What each record was made of, where the appender tells. */
  origins: unknown[] | undefined
}

/** What is to be written to one partition, in order. */
export class PartitionQueue implements TopicPartition {
  readonly topic: string
  readonly partition: number
  /** Takes records. */
  open: Batch | undefined
  /** Full, or to be flushed; the first is sent next. */
  sealed: Batch[] = []
  /** Sent and not answered, in the order of their sequence numbers. */
  inFlight: Batch[] = []
  nextSequence = 0
  /** After a failure one batch at a time is sent until one succeeds: what follows would be refused as out of order. */
  recovering = false
  /**
   * The producer of which the broker has a batch of this partition. Before that it takes any sequence number: if the first batch were
   * refused, it would take the second, and then never the first.
   */
  knownProducerId: number | undefined
  /** By the monotonic clock: nothing is sent before. */
  notBefore = 0
  attempts = 0
  /** The leader that is known for it may be none any more. */
  stale = false

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  get isIdle(): boolean {
    return this.open === undefined && this.sealed.length === 0 && this.inFlight.length === 0
  }

  seal(): void {
    if (this.open === undefined) return
    this.sealed.push(this.open)
    this.open = undefined
  }

  /** Takes back what was sent, in its place before what was never sent. */
  takeBack(batch: Batch): void {
    this.inFlight = this.inFlight.filter(each => each !== batch)
    const { baseSequence = 0 } = batch
    const at = this.sealed.findIndex(
      each => each.baseSequence === undefined || isBefore(baseSequence, each.baseSequence),
    )
    this.sealed.splice(at === -1 ? this.sealed.length : at, 0, batch)
  }

  /** Whether it must wait for the answer to what is in flight. */
  mustWait(producerId: number): boolean {
    return this.inFlight.length > 0 && (this.recovering || this.knownProducerId !== producerId)
  }

  acknowledged(batch: Batch, producerId: number): void {
    this.knownProducerId = producerId
    this.inFlight = this.inFlight.filter(each => each !== batch)
    this.recovering = false
    this.attempts = 0
    this.stale = false
  }

  /** Whether an older batch than this one has not arrived yet. */
  waitsForOlder({ baseSequence = 0 }: Batch): boolean {
    const isOlder = (each: Batch): boolean =>
      each.baseSequence !== undefined && each.baseSequence !== baseSequence && isBefore(each.baseSequence, baseSequence)
    return this.inFlight.some(isOlder) || this.sealed.some(isOlder)
  }

  /** The sequence number of a batch that is sent for the first time. */
  takeSequence(count: number): number {
    const sequence = this.nextSequence
    this.nextSequence = (sequence + count) % 2 ** 31
    return sequence
  }
}

/** Sequence numbers begin again at 0 after 2³¹ records. */
function isBefore(a: number, b: number): boolean {
  return (b - a + 2 ** 31) % 2 ** 31 < 2 ** 30 && a !== b
}

/** Splits a batch that the broker finds too large into two. Its sequence numbers stay where they are. */
export function splitBatch(batch: Batch, maxBytes: number): readonly Batch[] {
  const { queue, builder, baseSequence, firstSentAt, origins } = batch
  const first = Math.ceil(builder.count / 2)
  const halves = [origins?.slice(0, first), origins?.slice(first)].map((own): Batch => {
    const half = new RecordBatchBuilder({ maxBytes })
    return { queue, builder: half, baseSequence: undefined, bytes: undefined, firstSentAt, origins: own }
  })
  const bytes = builder.finish()
  const cursor = new BatchCursor(bytes, readBatchHeader(bytes, 0))
  for (let i = 0; cursor.advance(); i++) {
    const half = halves[i < first ? 0 : 1]!
    const { timestamp, keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd } = cursor
    half.builder.append(timestamp, keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd, cursor.headers())
  }
  if (baseSequence !== undefined) {
    halves[0]!.baseSequence = baseSequence
    halves[1]!.baseSequence = (baseSequence + halves[0]!.builder.count) % 2 ** 31
  }
  return halves
}
