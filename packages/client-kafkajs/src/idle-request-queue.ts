import { createRequire } from 'node:module'

/** What is used here of kafkajs' request queue, of which each connection has one. */
interface RequestQueue {
  readonly pending: readonly unknown[]
}

interface RequestQueueClass {
  readonly prototype: { scheduleCheckPendingRequests?: (this: RequestQueue) => void; [IDLE]?: true }
}

const IDLE = Symbol('idle when nothing is pending')

/** Where kafkajs 2.2.4 has it; its other parts get it from there, too. */
const REQUEST_QUEUE = 'kafkajs/src/network/requestQueue'

/**
 * Lets kafkajs' connections be idle. From its first answer on, each looks a thousand times a second for requests that wait to
 * be sent (https://github.com/tulios/kafkajs/issues/1704), which costs a process with a dozen producers several percent of a
 * core, and makes Node warn of a negative timeout (issue 1751). Nothing needs to be looked for where nothing waits: a request
 * that comes to wait asks for the look by itself. Of a kafkajs that has this elsewhere, nothing is changed.
 */
export function letRequestQueuesIdle(): void {
  const queue = requestQueueClass()
  const schedule = queue?.prototype.scheduleCheckPendingRequests
  if (queue === undefined || schedule === undefined || queue.prototype[IDLE] === true) return
  queue.prototype[IDLE] = true
  queue.prototype.scheduleCheckPendingRequests = function () {
    if (this.pending.length > 0) schedule.call(this)
  }
}

function requestQueueClass(): RequestQueueClass | undefined {
  try {
    return createRequire(import.meta.url)(REQUEST_QUEUE) as RequestQueueClass
  } catch (error) {
    const { code } = error as { readonly code?: string }
    if (code === 'MODULE_NOT_FOUND' || code === 'ERR_PACKAGE_PATH_NOT_EXPORTED') return undefined
    throw error
  }
}
