import type { Socket } from 'node:net'

/** One direction of a connection: keeps the order of frames while some of them are late, and stops what comes in faster than it goes out. */
export class Lane {
  readonly #from: Socket
  readonly #to: Socket
  readonly #waiting: { readonly frame: Buffer; readonly delayMs: number }[] = []
  #timer: NodeJS.Timeout | undefined
  #silent = false

  constructor(from: Socket, to: Socket) {
    this.#from = from
    this.#to = to
    to.on('drain', () => from.resume())
  }

  push(frame: Buffer, delayMs = 0): void {
    if (this.#silent) return
    if (this.#timer === undefined && delayMs === 0) this.#write(frame)
    else {
      this.#waiting.push({ frame, delayMs })
      if (this.#timer === undefined) this.#wait()
    }
  }

  get isSilent(): boolean {
    return this.#silent
  }

  /** Nothing more arrives, though the connection stays open. */
  silence(): void {
    this.#silent = true
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#waiting.length = 0
    this.#silent = true
  }

  #wait(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#write(this.#waiting.shift()!.frame)
      while (this.#waiting[0]?.delayMs === 0) this.#write(this.#waiting.shift()!.frame)
      if (this.#waiting.length > 0) this.#wait()
    }, this.#waiting[0]!.delayMs)
  }

  #write(frame: Buffer): void {
    if (!this.#to.destroyed && !this.#to.write(frame)) this.#from.pause()
  }
}
