/** Up to this many bytes, words are copied faster than native code is called. */
const MOST_BYTES = 128

/**
 * Copies short ranges of bytes, one after the other mostly out of the same buffer, of which it keeps a view. Four bytes at a time: with that,
 * a record of 79 bytes is appended in 200 ns instead of 260, where short ranges were copied byte by byte and longer ones by `Buffer.copy`.
 */
export class ShortCopies {
  #source: Uint8Array | undefined
  #view: DataView | undefined

  /**
   * Copies `source[start, end)` to `position`. The two do not overlap.
   * @param view - of the whole `target`
   * @returns the position after the copy
   */
  copy(target: Uint8Array, view: DataView, position: number, source: Uint8Array, start: number, end: number): number {
    const length = end - start
    if (length < 4) {
      for (let at = 0; at < length; at++) target[position + at] = source[start + at]!
      return position + length
    }
    if (length > MOST_BYTES) {
      target.set(source.subarray(start, end), position)
      return position + length
    }
    const from = this.#source === source ? this.#view! : this.#viewOf(source)
    // The last word overlaps with the one before it.
    const last = end - 4
    let to = position
    for (let at = start; at < last; at += 4, to += 4) view.setInt32(to, from.getInt32(at))
    view.setInt32(position + length - 4, from.getInt32(last))
    return position + length
  }

  /** Lets go of the source. */
  forget(): void {
    this.#source = undefined
    this.#view = undefined
  }

  #viewOf(source: Uint8Array): DataView {
    this.#source = source
    this.#view = viewOf(source)
    return this.#view
  }
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
