import { compareBytes } from '../state/compare-bytes.ts'
import type { HeldChange } from '../formats/held-change.ts'
import type { TaskContext } from './process.ts'

/** An update in the queue. Its time stays that of the first one for its key, the rest is the latest's. */
export interface Held {
  readonly key: Uint8Array
  readonly time: number
  change: HeldChange
}

/** The updates that `suppress` holds back: one for each key, the earliest time first, then by the bytes of the key. */
export class HeldQueue {
  readonly #byKey = new Map<string, Held>()
  /** A binary heap. Times never change, so nothing leaves but its first. */
  readonly #heap: Held[] = []
  readonly #context: TaskContext

  constructor(context: TaskContext) {
    this.#context = context
  }

  get length(): number {
    return this.#heap.length
  }

  get(key: Uint8Array): Held | undefined {
    return this.#byKey.get(textOf(key))
  }

  first(): Held | undefined {
    return this.#heap[0]
  }

  /** The latest for a key that is there. */
  replace(held: Held, change: HeldChange): void {
    this.#context.undo?.note(restoreChange, { held, change: held.change })
    held.change = change
  }

  add(held: Held): void {
    this.#context.undo?.note(this.#takeOut, held)
    this.#insert(held)
  }

  /** Makes the heap again: it is done for records that are given up only. */
  readonly #takeOut = (held: Held): void => {
    const others = this.#heap.filter(other => other !== held)
    this.#heap.length = 0
    this.#byKey.clear()
    for (const other of others) this.#insert(other)
  }

  readonly #insert = (held: Held): void => {
    this.#byKey.set(textOf(held.key), held)
    const heap = this.#heap
    let at = heap.length
    heap.push(held)
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!isBefore(held, heap[above]!)) break
      heap[at] = heap[above]!
      at = above
    }
    heap[at] = held
  }

  removeFirst(): void {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined) return
    this.#context.undo?.note(this.#insert, first)
    this.#byKey.delete(textOf(first.key))
    if (heap.length === 0) return
    let at = 0
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
  }
}

function restoreChange({ held, change }: { held: Held; change: HeldChange }): void {
  held.change = change
}

function isBefore(one: Held, other: Held): boolean {
  return one.time === other.time ? compareBytes(one.key, other.key) < 0 : one.time < other.time
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
}
