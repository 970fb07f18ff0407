import type { KeySpace, MaybePromise, StoreChanges, StoredValue } from '@millrace/core'
import type { LruOrder } from './lru-order.ts'
import { mapStored } from './map-stored.ts'
import type { StoreBuffer } from './store-buffer.ts'
import type { StoreCodec } from '../format/store-codec.ts'
import type { Pause } from '../pause.ts'
import type { BufferContext, EmitListener, OnlyKey, Row } from './store-output.ts'
import type { KeyedBuffer } from './task-buffer.ts'

/**
 * The write buffer of a store that keeps the entries that were used last. What has to go for another is deleted from the store
 * and emitted by nobody. A store of a table does not even log it, another one does so before the put that it goes for (as Kafka
 * Streams 4.3 shows). A restore uses the order of the changelog, which knows of no reads.
 *
 * The order of use goes with the transaction: where that is aborted, the stores are recreated, and the order with them. With a
 * cache, what was put is counted when the cache is flushed.
 */
export class LruBuffer implements KeyedBuffer {
  readonly codec: StoreCodec
  readonly caching: boolean
  readonly backend: KeySpace
  readonly #buffer: StoreBuffer
  readonly #order: LruOrder
  readonly #context: BufferContext
  readonly #logs: boolean

  constructor(buffer: StoreBuffer, order: LruOrder, context: BufferContext) {
    this.codec = buffer.codec
    this.caching = buffer.caching
    this.backend = buffer.backend
    this.#buffer = buffer
    this.#order = order
    this.#context = context
    order.undo = context.undo
    this.#logs = !buffer.codec.plan.timestamped
  }

  get(key: unknown): MaybePromise<StoredValue | undefined> {
    return mapStored(this.#buffer.get(key), stored => {
      if (stored !== undefined) this.#order.read(this.mapKeyOf(key))
      return stored
    })
  }

  put(key: unknown, slot: number, value: unknown, timestamp: number): void {
    if (!this.caching) {
      const gone = this.#count(key, value === null)
      if (gone !== undefined) this.#buffer.drop(gone.key, this.#context.timestamp, this.#logs)
    }
    this.#buffer.put(key, slot, value, timestamp)
  }

  async flush(pause?: Pause): Promise<void> {
    const put = this.caching ? this.#buffer.changed.filter(({ flushed }) => !flushed) : []
    await this.#buffer.flush(pause)
    const dropped = new Map<unknown, { readonly key: unknown; readonly timestamp: number }>()
    for (const { key, content, timestamp } of put) {
      const gone = this.#count(key, content === null)
      dropped.delete(this.mapKeyOf(key))
      if (gone !== undefined) dropped.set(this.mapKeyOf(gone.key), { key: gone.key, timestamp })
    }
    for (const { key, timestamp } of dropped.values()) this.#buffer.drop(key, timestamp, this.#logs)
    // Once more: what was emitted and has gone for another is deleted in the same commit.
    if (dropped.size > 0) await this.#buffer.flush(pause)
  }

  emit(): Promise<void> {
    return this.flush()
  }

  relog(): Promise<void> {
    return this.#buffer.relog()
  }

  onEmit(listener: EmitListener, sendOldValues: boolean): void {
    this.#buffer.onEmit(listener, sendOldValues)
  }

  approximateCount(): Promise<number> {
    return this.#buffer.approximateCount()
  }

  get bytes(): number {
    return this.#buffer.bytes
  }

  get misses(): number {
    return this.#buffer.misses
  }

  set misses(misses: number) {
    this.#buffer.misses = misses
  }

  get hasChanges(): boolean {
    return this.#buffer.hasChanges
  }

  get canMiss(): boolean {
    return this.#buffer.canMiss
  }

  mapKeyOf(key: unknown): unknown {
    return this.#buffer.mapKeyOf(key)
  }

  encodeKey(key: unknown, slot: number): Buffer {
    return this.#buffer.encodeKey(key, slot)
  }

  lacks(key: unknown, slot: number): boolean {
    return this.#buffer.lacks(key, slot)
  }

  prefetch(keys: readonly unknown[], slots: readonly number[]): Promise<void> {
    return this.#buffer.prefetch(keys, slots)
  }

  changes(): StoreChanges {
    return this.#buffer.changes()
  }

  committed(): void {
    this.#buffer.committed()
  }

  evict(limit: number, written = true): void {
    this.#buffer.evict(limit, written)
  }

  startAt(streamTime: number): void {
    this.#buffer.startAt(streamTime)
  }

  get streamTime(): number {
    return this.#buffer.streamTime
  }

  dirtyRows(only?: OnlyKey): readonly Row[] {
    return this.#buffer.dirtyRows(only)
  }

  overlay(from: Uint8Array | undefined, to: Uint8Array | undefined): ReturnType<StoreBuffer['overlay']> {
    return this.#buffer.overlay(from, to)
  }

  /** A key was put or deleted. Gives the one that has to go for it. */
  #count(key: unknown, deleted: boolean): { readonly key: unknown } | undefined {
    const mapKey = this.mapKeyOf(key)
    return deleted ? this.#order.remove(mapKey) : this.#order.put(mapKey, key)
  }
}
