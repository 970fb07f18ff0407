import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Resolves when `answers` is true; a rejection counts as false. Gives up when `ended` says how the process that should
 * answer ended, or after `timeoutMs`.
 */
export async function untilAnswer(
  answers: () => Promise<boolean>,
  ended: () => string | undefined,
  timeoutMs: number,
): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!(await answers().catch(() => false))) {
    const status = ended()
    if (status !== undefined) throw new Error(`it ended with ${status}`)
    if (Date.now() > deadline) throw new Error(`it does not serve after ${timeoutMs} ms`)
    await sleep(25)
  }
}
