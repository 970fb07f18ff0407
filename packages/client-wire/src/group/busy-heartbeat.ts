import { Worker } from 'node:worker_threads'
import { type BusyMember, HeartbeatThread, type HeartbeatThreadData, type Logger } from '@millrace/core'
import type { OauthToken } from '../net/security.ts'
import type { CopiedSecurity, HeartbeatMessage, HeartbeatWorkerData, Member, WorkerAnswer } from './heartbeat-worker.ts'

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
export interface HeartbeatOptions extends BusyMember {
  /** Called with each answer in a streams group. */
  readonly onAnswer?: (answer: WorkerAnswer) => void
}

/** The heartbeats of a member from a worker thread. */
export class BusyHeartbeat {
  readonly #thread: HeartbeatThread<HeartbeatMessage, WorkerAnswer>
  readonly #endTokens: () => void
  /** @see HeartbeatThread.ready */
  readonly ready: Promise<void>

  constructor({ logger, onToken, ...settings }: BusyHeartbeats, { onAnswer, ...member }: HeartbeatOptions) {
    const file = import.meta.url.endsWith('.ts') ? './heartbeat-worker.ts' : './heartbeat-worker.js'
    const start = (data: HeartbeatThreadData) => {
      const workerData: HeartbeatWorkerData = { ...settings, ...data }
      return new Worker(new URL(file, import.meta.url), { workerData })
    }
    this.#thread = new HeartbeatThread({ start, logger, onMessage: answer => onAnswer?.(answer) }, member)
    this.ready = this.#thread.ready
    this.#endTokens = onToken(token => this.#thread.post({ token }))
  }

  /** The main thread has sent a heartbeat itself. */
  beat(): void {
    this.#thread.beat()
  }

  /** For whom to send from now on; undefined for nobody. */
  follow(member: Member | undefined): void {
    this.#thread.post({ member })
  }

  async close(): Promise<void> {
    this.#endTokens()
    await this.#thread.close()
  }
}
