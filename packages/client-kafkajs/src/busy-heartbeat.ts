import { Worker } from 'node:worker_threads'
import { type BusyMember, HeartbeatThread, type HeartbeatThreadData, type Logger } from '@millrace/core'
import type { KafkaConfig } from 'kafkajs'
import type { HeartbeatWorkerData, Member, ToHeartbeatWorker } from './heartbeat-worker.ts'
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

/** The heartbeats of a member from a worker thread. */
export class BusyHeartbeat {
  readonly #thread: HeartbeatThread<ToHeartbeatWorker, 'token'>
  readonly #stopTokens: () => void
  /** @see HeartbeatThread.ready */
  readonly ready: Promise<void>

  constructor({ config, logger, worker, tokens }: BusyHeartbeats, member: BusyMember) {
    const start = (data: HeartbeatThreadData) => {
      const workerData: HeartbeatWorkerData = { ...data, config, needsTokens: tokens !== undefined }
      return new Worker(worker, { workerData })
    }
    // It asks before it connects. Without an answer it takes the latest one, and without any it cannot connect.
    const onMessage = () => void tokens?.make().catch(() => undefined)
    this.#thread = new HeartbeatThread({ start, logger, onMessage }, member)
    this.ready = this.#thread.ready
    this.#stopTokens = tokens?.relay.listen(token => this.#thread.post({ token })) ?? (() => undefined)
  }

  /** The main thread has sent a heartbeat itself. */
  beat(): void {
    this.#thread.beat()
  }

  /** For whom to send from now on; undefined for nobody. */
  follow(member: Member | undefined): void {
    this.#thread.post({ member: member ?? null })
  }

  async close(): Promise<void> {
    this.#stopTokens()
    await this.#thread.close()
  }
}
