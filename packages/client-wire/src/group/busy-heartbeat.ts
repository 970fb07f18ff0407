import { Worker } from 'node:worker_threads'
import type { Logger, ProgressSign } from '@millrace/core'
import type { OauthToken } from '../net/security.ts'
import type {
  CopiedSecurity,
  HeartbeatMessage,
  HeartbeatWorkerData,
  Member,
  WorkerAnswer,
  WorkerMessage,
} from './heartbeat-worker.ts'

/** How a client's members send heartbeats while its thread is busy. */
export interface BusyHeartbeats {
  readonly clientId: string
  readonly security: CopiedSecurity
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly logger: Logger
  /** Calls back with the latest token, now and whenever there is another; gives what ends that. */
  readonly onToken: (callback: (token: OauthToken) => void) => () => void
}

/** Of the member for whom they are. */
export interface HeartbeatOptions {
  readonly groupId: string
  readonly heartbeatIntervalMs: number
  readonly processingTimeoutMs: number
  readonly progress: ProgressSign
  /** Called with each answer in a streams group. */
  readonly onAnswer?: (answer: WorkerAnswer) => void
}

/** A member does not wait longer for the worker: without one it can work, as long as its thread is not blocked. */
const LONGEST_START_MS = 10_000

/**
 * Sends heartbeats for a member while the main thread runs user code that does not let it: from a worker thread, over a
 * connection of its own. The main thread counts its own heartbeats in shared memory; the worker sends one when the count has
 * not moved.
 */
export class BusyHeartbeat {
  readonly #worker: Worker
  readonly #beats = new Int32Array(new SharedArrayBuffer(8))
  readonly #turns: NodeJS.Timeout
  readonly #endTokens: () => void
  /** The worker runs, or cannot. Who joins before that may be given up when its thread is blocked at once. */
  readonly ready: Promise<void>

  constructor({ logger, onToken, ...settings }: BusyHeartbeats, member: HeartbeatOptions) {
    const { groupId, heartbeatIntervalMs, processingTimeoutMs: giveUpAfterMs, progress, onAnswer } = member
    // Whether the thread gets on is known to a quarter of what it is given.
    const intervalMs = Math.min(heartbeatIntervalMs, giveUpAfterMs / 4)
    const workerData: HeartbeatWorkerData = {
      ...settings,
      groupId,
      intervalMs,
      giveUpAfterMs,
      beats: this.#beats,
      progress,
    }
    const file = import.meta.url.endsWith('.ts') ? './heartbeat-worker.ts' : './heartbeat-worker.js'
    this.#worker = new Worker(new URL(file, import.meta.url), { workerData })
    this.ready = new Promise(resolve => {
      setTimeout(resolve, LONGEST_START_MS).unref()
      for (const event of ['error', 'exit']) this.#worker.once(event, () => resolve())
      this.#worker.on('message', (message: WorkerMessage) => {
        if (message === 'ready') resolve()
        else onAnswer?.(message)
      })
    })
    this.#worker.unref()
    this.#turns = setInterval(() => void Atomics.add(this.#beats, 1, 1), intervalMs / 2).unref()
    this.#worker.on('error', error => {
      logger.warn({ error, groupId }, 'the heartbeat worker failed: heartbeats now depend on the main thread')
    })
    this.#endTokens = onToken(token => this.#post({ token }))
  }

  /** The main thread has sent a heartbeat itself. */
  beat(): void {
    Atomics.add(this.#beats, 0, 1)
  }

  /** For whom to send from now on; undefined for nobody. */
  follow(member: Member | undefined): void {
    this.#post({ member })
  }

  async close(): Promise<void> {
    this.#endTokens()
    clearInterval(this.#turns)
    await this.#worker.terminate()
  }

  #post(message: HeartbeatMessage): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin, only a window has
    this.#worker.postMessage(message)
  }
}
