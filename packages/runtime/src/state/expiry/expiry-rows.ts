/** That an entry may have expired when its time has come: if it has not been put again since. */
export interface ExpiryRow {
  /** The timestamp of the entry when the row was made, in milliseconds. */
  readonly time: number
  readonly key: unknown
  /** On the heap of rows, or gone from it again. */
  held: boolean
  /** Its time has come, and it was looked at. */
  done: boolean
}

/** Rows in the order of their time, as a binary heap. */
export class ExpiryRows {
  #rows: ExpiryRow[] = []

  get size(): number {
    return this.#rows.length
  }

  get first(): ExpiryRow | undefined {
    return this.#rows[0]
  }

  /** Some that come early, though not just the first ones, and in no order. */
  early(count: number): readonly ExpiryRow[] {
    return this.#rows.slice(0, count)
  }

  push(row: ExpiryRow): void {
    row.held = true
    const rows = this.#rows
    let at = rows.push(row) - 1
    while (at > 0) {
      const above = (at - 1) >>> 1
      if (rows[above]!.time <= row.time) break
      rows[at] = rows[above]!
      at = above
    }
    rows[at] = row
  }

  pop(): ExpiryRow {
    const rows = this.#rows
    const first = rows[0]!
    const last = rows.pop()!
    if (rows.length === 0) return first
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= rows.length) break
      if (below + 1 < rows.length && rows[below + 1]!.time < rows[below]!.time) below++
      if (rows[below]!.time >= last.time) break
      rows[at] = rows[below]!
      at = below
    }
    rows[at] = last
    return first
  }

  /** Keeps the first `size` rows. Gives the time of the first that has gone. */
  cut(size: number): number {
    // Sorted, an array is a heap.
    const rows = this.#rows.sort((a, b) => a.time - b.time)
    const time = rows[size]!.time
    this.#rows = rows.slice(0, size)
    return time
  }
}
