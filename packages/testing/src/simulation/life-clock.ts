import type { Clock } from '@millrace/core'

/** Of a process or a thread: until when it stands still, and whether it is gone. */
export interface Life {
  readonly stillUntil: number
  readonly gone: boolean
}

/** Each call has its own: one for all would keep everything that waits for it in memory. */
export const never = (): Promise<never> => new Promise(() => undefined)

/** The clock as one life sees it: who sleeps while it stands still wakes afterwards, and nobody wakes when it is gone. */
export function lifeClock(clock: Clock, life: Life): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    async sleep(ms, signal) {
      await clock.sleep(ms, signal)
      await untilAwake(clock, life)
    },
  }
}

/** Resolves at once where nothing stands still, and never where it is gone. */
export async function untilAwake(clock: Clock, life: Life): Promise<void> {
  while (!life.gone && clock.monotonic() < life.stillUntil) await clock.sleep(life.stillUntil - clock.monotonic())
  if (life.gone) await never()
}
