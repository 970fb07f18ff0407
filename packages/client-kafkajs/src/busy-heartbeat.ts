import { Worker } from 'node:worker_threads'
import type { Logger, ProgressSign } from '@millrace/core'
import type { KafkaConfig } from 'kafkajs'
import type { FromHeartbeatWorker, HeartbeatWorkerData, Member, ToHeartbeatWorker } from './heartbeat-worker.ts'
import type { TokenRelay } from './token-relay.ts'

/** How a client's members send heartbeats while its thread is busy; undefined where they cannot. */
export interface BusyHeartbeats {
  /** Only what can be copied from one thread to another. */
  readonly config: KafkaConfig
  readonly logger: Logger
  /** The worker's file. */
  readonly worker: URL
  /** Where connections are made with tokens. */
  readonly tokens?: Tokens
}

export interface Tokens {
  readonly relay: TokenRelay
  /** Makes a token, which the relay hears of. */
  readonly make: () => Promise<unknown>
}

/** Of the member for whom they are. */
export interface HeartbeatOptions {
  readonly groupId: string
  readonly heartbeatIntervalMs: number
  readonly processingTimeoutMs: number
  readonly progress: ProgressSign
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
  #stopTokens: () => void = () => undefined
  /** The worker runs, or cannot. Who joins before that may be given up when its thread is blocked at once. */
  readonly ready: Promise<void>

  constructor(heartbeats: BusyHeartbeats, member: HeartbeatOptions) {
    const { config, logger, tokens } = heartbeats
    const { groupId, heartbeatIntervalMs, processingTimeoutMs: giveUpAfterMs, progress } = member
    // Whether the thread gets on is known to a quarter of what it is given.
    const intervalMs = Math.min(heartbeatIntervalMs, giveUpAfterMs / 4)
    const settings = { config, groupId, intervalMs, giveUpAfterMs, progress }
    const workerData: HeartbeatWorkerData = { ...settings, beats: this.#beats, needsTokens: tokens !== undefined }
    this.#worker = new Worker(heartbeats.worker, { workerData })
    this.ready = new Promise(resolve => {
      setTimeout(resolve, LONGEST_START_MS).unref()
      for (const event of ['error', 'exit']) this.#worker.once(event, () => resolve())
      this.#worker.on('message', (message: FromHeartbeatWorker) => {
        if (message === 'ready') resolve()
        // It asks before it connects. Without an answer it takes the latest one, and without any it cannot connect.
        else void tokens?.make().catch(() => undefined)
      })
    })
    this.#worker.unref()
    this.#turns = setInterval(() => void Atomics.add(this.#beats, 1, 1), intervalMs / 2).unref()
    if (tokens !== undefined) this.#stopTokens = tokens.relay.listen(token => this.#tell({ token }))
    this.#worker.on('error', error => {
      logger.warn({ error, groupId }, 'the heartbeat worker failed: heartbeats now depend on the main thread')
    })
  }

  /** The main thread has sent a heartbeat itself. */
  beat(): void {
    Atomics.add(this.#beats, 0, 1)
  }

  /** For whom to send from now on; undefined for nobody. */
  follow(member: Member | undefined): void {
    this.#tell({ member: member ?? null })
  }

  #tell(message: ToHeartbeatWorker): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin, only a window has
    this.#worker.postMessage(message)
  }

  async close(): Promise<void> {
    clearInterval(this.#turns)
    this.#stopTokens()
    await this.#worker.terminate()
  }
}
