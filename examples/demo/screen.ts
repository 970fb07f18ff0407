import type { WriteStream } from 'node:tty'

/** Draws lines over those that it drew before. */
export class Screen {
  readonly #out: WriteStream
  #drawn = 0

  constructor(out: WriteStream) {
    this.#out = out
    out.write(HIDE_CURSOR)
  }

  draw(lines: readonly string[]): void {
    // What does not fit would scroll, and could not be drawn over.
    const shown = lines.slice(0, this.#out.rows - 1).map(line => line.slice(0, this.#out.columns - 1))
    const up = this.#drawn === 0 ? '' : `\x1b[${this.#drawn}A`
    this.#out.write(`${up}${shown.map(line => `${line}${CLEAR_TO_END_OF_LINE}\n`).join('')}${CLEAR_BELOW}`)
    this.#drawn = shown.length
  }

  close(): void {
    this.#out.write(SHOW_CURSOR)
  }
}

const HIDE_CURSOR = '\x1b[?25l'
const SHOW_CURSOR = '\x1b[?25h'
const CLEAR_TO_END_OF_LINE = '\x1b[K'
const CLEAR_BELOW = '\x1b[J'
