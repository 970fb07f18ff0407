import { millraceError } from '@millrace/core'

/** How long closing waits for requests that are under way. */
export const CLOSE_MS = 3_000

/**
 * Waits for `work` no longer than `timeoutMs`. kafkajs cannot be told to give up, so the work goes on unseen; its
 * failure after the deadline is of no interest to anybody.
 *
 * @throws MILLRACE_CLIENT_TIMEOUT
 */
export async function withDeadline<T>(work: Promise<T>, timeoutMs: number, operation: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(millraceError('MILLRACE_CLIENT_TIMEOUT', { operation, timeoutMs })), timeoutMs)
  })
  try {
    return await Promise.race([work, deadline])
  } finally {
    clearTimeout(timer)
    work.catch(() => undefined)
  }
}

/**
 * How long what is made of one request may take, in milliseconds: longer than the request itself, whose own failure says more. kafkajs
 * tries again within its calls, and each attempt at a broker that says nothing takes all the time of a request.
 */
export function callTimeoutMs(requestTimeoutMs: number): number {
  return Math.ceil(requestTimeoutMs * 1.2)
}

/** Waits for `work` no longer than `timeoutMs`, and takes failing for having ended: for closing. */
export async function settledWithin(work: Promise<unknown>, timeoutMs: number): Promise<void> {
  await withDeadline(work, timeoutMs, 'Closing').catch(() => undefined)
}
