import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface LoadSettings {
  /** Of the server. */
  readonly url: string
  /** What stands before the key. */
  readonly path: string
  /** They are `user-0`, `user-1` and so on. */
  readonly keys: number
  /** Each has one request on its way. */
  readonly connections: number
}

/** `restart` and `final` begin a new period; from `final` on only the final answers are right. */
export type LoadCommand = 'restart' | 'final' | 'report' | 'stop'

export interface LoadResult {
  /** A second. */
  readonly reads: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** Answers that cannot be. */
  readonly wrong: number
  readonly example: string | undefined
}

const PROCESS = fileURLToPath(new URL('load-process.ts', import.meta.url))

/** A process that reads. */
export interface Load {
  restart(): void
  final(): void
  report(): Promise<LoadResult>
  stop(): Promise<void>
}

/**
 * Starts to read.
 * @param finals the final answer to each key; empty for a key that does not occur
 */
export async function startLoad(settings: LoadSettings, finals: readonly string[]): Promise<Load> {
  const child = fork(PROCESS, [JSON.stringify(settings)])
  const ended = once(child, 'exit')
  const failed = ended.then(([status]) => {
    throw new Error(`the process that reads ended with status ${String(status)}`)
  })
  // Messages race with it. When none is awaited, the rejection must not end this process.
  failed.catch(() => {})
  const message = async () => (await Promise.race([once(child, 'message'), failed]))[0] as unknown
  const send = (command: LoadCommand) => void child.send(command)
  child.send(finals)
  await message()
  return {
    restart: () => send('restart'),
    final: () => send('final'),
    async report() {
      send('report')
      return (await message()) as LoadResult
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      send('stop')
      const kill = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await ended
      clearTimeout(kill)
    },
  }
}
