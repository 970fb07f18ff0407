/** More of them would make an expiry cheaper, and each live query larger. */
const BUCKETS = 1024

interface Bucket {
  /** No row of the bucket is of an earlier slot. */
  first: number
  /** By key, where they are kept. */
  readonly rows: Map<string, { readonly key: Buffer; readonly slot: number }>
}

/**
 * What a reader has of a store whose rows expire, by slot: whether it has to be told that time has passed, and if it wants so, of which rows.
 * Slots lie in buckets, so that no more is looked at than what may have expired.
 */
export class HeldRows {
  readonly #widthMs: number
  readonly #keepsKeys: boolean
  readonly #buckets = new Map<number, Bucket>()
  #first = Infinity

  /** @param keepsKeys whether the keys of all rows are kept; otherwise some numbers */
  constructor(retentionMs: number, keepsKeys: boolean) {
    this.#widthMs = Math.max(1, Math.ceil(retentionMs / BUCKETS))
    this.#keepsKeys = keepsKeys
  }

  clear(): void {
    this.#buckets.clear()
    this.#first = Infinity
  }

  add(key: Buffer, slot: number): void {
    const place = Math.floor(slot / this.#widthMs)
    const bucket = this.#buckets.get(place) ?? { first: slot, rows: new Map() }
    this.#buckets.set(place, bucket)
    bucket.first = Math.min(bucket.first, slot)
    this.#first = Math.min(this.#first, slot)
    // A row may share its bytes with many others that came with it.
    if (this.#keepsKeys) bucket.rows.set(key.toString('latin1'), { key: Buffer.from(key), slot })
  }

  delete(key: Buffer, slot: number): void {
    this.#buckets.get(Math.floor(slot / this.#widthMs))?.rows.delete(key.toString('latin1'))
  }

  /**
   * Lets go of what is of slots before.
   * @returns the keys, as far as they are kept; undefined if there can be nothing
   */
  expire(before: number): readonly Buffer[] | undefined {
    if (before <= this.#first) return undefined
    const expired: Buffer[] = []
    this.#first = Infinity
    for (const [place, bucket] of this.#buckets) {
      if (bucket.first < before) this.#expireIn(place, bucket, before, expired)
      if (this.#buckets.has(place)) this.#first = Math.min(this.#first, bucket.first)
    }
    return this.#keepsKeys && expired.length === 0 ? undefined : expired
  }

  #expireIn(place: number, bucket: Bucket, before: number, expired: Buffer[]): void {
    const isWhole = (place + 1) * this.#widthMs <= before
    let first = Infinity
    for (const [text, { key, slot }] of bucket.rows) {
      if (slot >= before) {
        first = Math.min(first, slot)
        continue
      }
      expired.push(key)
      bucket.rows.delete(text)
    }
    bucket.first = this.#keepsKeys ? first : before
    if (isWhole || bucket.first === Infinity) this.#buckets.delete(place)
  }
}
