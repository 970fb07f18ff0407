import type { Logger } from '@millrace/core'
import type { StreamsState } from '../loop/lifecycle.ts'

interface Runnable {
  readonly state: StreamsState
  start(): Promise<void>
  ended(): Promise<void>
  close(): Promise<void>
}

/** Runs until the application ends, and closes it on the first SIGINT or SIGTERM. The second one ends the process. */
export async function runUntilSignal(streams: Runnable, logger: Logger): Promise<void> {
  const signals = ['SIGINT', 'SIGTERM'] as const
  let asked = false
  const onSignal = (signal: NodeJS.Signals) => {
    if (asked) process.exit(130)
    asked = true
    logger.info({ signal }, 'closing')
    streams.close().then(
      () => {
        if (streams.state !== 'NOT_RUNNING' && streams.state !== 'ERROR') process.exit(1)
      },
      (error: unknown) => logger.error({ error }, 'failed to close the application'),
    )
  }
  for (const signal of signals) process.on(signal, onSignal)
  try {
    await streams.start()
    await streams.ended()
  } finally {
    for (const signal of signals) process.off(signal, onSignal)
  }
}
