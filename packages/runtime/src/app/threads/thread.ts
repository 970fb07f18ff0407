import type { ThreadStatus } from './messages.ts'
import type { ThreadHandle } from './thread-host.ts'

/** A thread that was started and has not ended. */
export interface Thread {
  readonly number: number
  readonly handle: ThreadHandle
  readonly begun: PromiseWithResolvers<void>
  readonly ended: PromiseWithResolvers<void>
  hasBegun: boolean
  /** It has sent its last message. */
  saidEnd: boolean
  /** It has failed and waits for the verdict. */
  asks: boolean
  waitsFor: unknown
  status: ThreadStatus | undefined
  /** It was told to end, and others go on. */
  removed: boolean
}
