import type { Logger } from '../ports/logger.ts'
import type { ProgressSign } from '../ports/client.ts'

/** For which member heartbeats are sent from another thread. */
export interface BusyMember {
  readonly groupId: string
  /** Of the main thread's own heartbeats. */
  readonly heartbeatIntervalMs: number
  readonly processingTimeoutMs: number
  readonly progress: ProgressSign
}

/** What every such thread is started with. */
export interface HeartbeatThreadData {
  readonly groupId: string
  readonly intervalMs: number
  /** A main thread that has shown no progress for so long is given up. */
  readonly giveUpAfterMs: number
  /** How often the main thread has sent a heartbeat, and how often its event loop has turned. */
  readonly beats: Int32Array<SharedArrayBuffer>
  readonly progress: ProgressSign
}

/** A `Worker` of Node, which core does not import. */
export interface StartedThread {
  on(event: string, listener: (value: unknown) => void): unknown
  once(event: string, listener: () => void): unknown
  postMessage(message: unknown): void
  unref(): void
  terminate(): Promise<unknown>
}

export interface HeartbeatThreadOptions<Answer> {
  readonly start: (data: HeartbeatThreadData) => StartedThread
  readonly logger: Logger
  /** Called with each message of the thread but the first, which says that it is ready. */
  readonly onMessage: (message: Answer) => void
}

/** A member does not wait longer for the thread: without one it can work, as long as its own is not blocked. */
const LONGEST_START_MS = 10_000
/**
 * Between two looks of the thread, in intervals of the main thread, whose next heartbeat comes after the answer to the last. A
 * member that is blocked just after a heartbeat is silent for two looks, which is less than its session of three intervals.
 */
const LONGER = 1.25

/**
 * Sends heartbeats for a member while the main thread runs user code that does not let it: from a thread and over a connection of its
 * own. The main thread counts its own heartbeats in shared memory; the other sends one when the count has not moved.
 */
export class HeartbeatThread<Message, Answer = never> {
  readonly #thread: StartedThread
  readonly #beats = new Int32Array(new SharedArrayBuffer(8))
  readonly #turns: ReturnType<typeof setInterval>
  /** The thread runs, or cannot. Who joins before that may be given up when the main thread is blocked at once. */
  readonly ready: Promise<void>

  constructor({ start, logger, onMessage }: HeartbeatThreadOptions<Answer>, member: BusyMember) {
    const { groupId, heartbeatIntervalMs, processingTimeoutMs: giveUpAfterMs, progress } = member
    // Long enough for the main thread's own heartbeat to be seen; and whether it gets on is known to a quarter of what it is given.
    const intervalMs = Math.min(LONGER * heartbeatIntervalMs, giveUpAfterMs / 4)
    const thread = start({ groupId, intervalMs, giveUpAfterMs, beats: this.#beats, progress })
    this.#thread = thread
    this.ready = new Promise(resolve => {
      setTimeout(resolve, LONGEST_START_MS).unref()
      for (const event of ['error', 'exit']) thread.once(event, () => resolve())
      thread.on('message', message => {
        if (message === 'ready') resolve()
        else onMessage(message as Answer)
      })
    })
    thread.unref()
    this.#turns = setInterval(() => void Atomics.add(this.#beats, 1, 1), intervalMs / 2).unref()
    thread.on('error', error => {
      logger.warn({ error, groupId }, 'the heartbeat worker failed: heartbeats now depend on the main thread')
    })
  }

  /** The main thread has sent a heartbeat itself. */
  beat(): void {
    Atomics.add(this.#beats, 0, 1)
  }

  post(message: Message): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin, only a window has
    this.#thread.postMessage(message)
  }

  async close(): Promise<void> {
    clearInterval(this.#turns)
    await this.#thread.terminate()
  }
}
