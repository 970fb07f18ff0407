/** What is used here of kafkajs' request queue, of which each connection has one. */
interface RequestQueue {
  readonly pending: readonly unknown[]
}

interface RequestQueueClass {
  readonly prototype: { scheduleCheckPendingRequests?: (this: RequestQueue) => void; [IDLE]?: true }
}

const IDLE = Symbol('idle when nothing is pending')

/**
 * Lets kafkajs' connections be idle. From its first answer on, each looks a thousand times a second for requests that wait to
 * be sent (https://github.com/tulios/kafkajs/issues/1704), which costs a process with a dozen producers several percent of a
 * core, and makes Node warn of a negative timeout (issue 1751). Nothing needs to be looked for where nothing waits: a request
 * that comes to wait asks for the look by itself. Of a kafkajs that has this elsewhere, nothing is changed.
 */
export async function letRequestQueuesIdle(): Promise<void> {
  const queue = await requestQueueClass()
  const schedule = queue?.prototype.scheduleCheckPendingRequests
  if (queue === undefined || schedule === undefined || queue.prototype[IDLE] === true) return
  queue.prototype[IDLE] = true
  queue.prototype.scheduleCheckPendingRequests = function () {
    if (this.pending.length > 0) schedule.call(this)
  }
}

/** Imported by name, so that bundlers find it: they give it the place that it has for kafkajs' other parts. */
async function requestQueueClass(): Promise<RequestQueueClass | undefined> {
  try {
    const found = await import('kafkajs/src/network/requestQueue/index.js')
    return found.default as RequestQueueClass
  } catch {
    // This kafkajs has it elsewhere.
    return undefined
  }
}
