import { BatchCursor, readBatchHeader, rewriteBaseOffset, validateCrc, type BatchHeader } from '@millrace/core'
import { KAFKA_ERRORS } from '../protocol/error-codes.ts'

interface Appended {
  readonly sequence: number
  readonly count: number
  readonly offset: number
}

/** How many batches of a producer a broker keeps in mind. */
const REMEMBERED = 5

/** One partition as brokers keep it: it takes batches by their sequence numbers, and knows the last five of each producer. */
export class ScriptedLog {
  readonly values: string[] = []
  readonly batches: Buffer[] = []
  readonly #producers = new Map<string, Appended[]>()
  end = 0

  append(bytes: Uint8Array): { readonly errorCode: number; readonly baseOffset: number } {
    const batch = Buffer.from(bytes)
    const header = readBatchHeader(batch, 0)
    validateCrc(batch, header)
    const producer = `${header.producerId}/${header.producerEpoch}`
    const known = this.#producers.get(producer) ?? []
    const duplicate = known.find(({ sequence, count }) => sequence === header.baseSequence && count === header.count)
    if (duplicate !== undefined) return { errorCode: 0, baseOffset: duplicate.offset }
    const last = known.at(-1)
    // Of a producer that it does not know, a broker takes any sequence number (`ProducerAppendInfo.checkSequence`): its records may all
    // have been deleted.
    const expected = last === undefined ? this.#firstOf(header) : last.sequence + last.count
    if (header.baseSequence !== expected) {
      return { errorCode: KAFKA_ERRORS.OUT_OF_ORDER_SEQUENCE_NUMBER.code, baseOffset: -1 }
    }
    const offset = this.#write(batch, header)
    this.#producers.set(
      producer,
      [...known, { sequence: header.baseSequence, count: header.count, offset }].slice(-REMEMBERED),
    )
    return { errorCode: 0, baseOffset: offset }
  }

  #firstOf({ producerId, baseSequence }: BatchHeader): number {
    const isKnown = [...this.#producers.keys()].some(each => each.startsWith(`${producerId}/`))
    return isKnown ? 0 : baseSequence
  }

  #write(batch: Buffer, header: BatchHeader): number {
    const cursor = new BatchCursor(batch, header)
    while (cursor.advance()) this.values.push(cursor.valueBytes.toString('utf8', cursor.valueStart, cursor.valueEnd))
    const offset = this.end
    rewriteBaseOffset(batch, offset, 0)
    this.batches.push(batch)
    this.end += header.count
    return offset
  }
}
