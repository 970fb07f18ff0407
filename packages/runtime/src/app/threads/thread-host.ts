import { existsSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { millraceError } from '@millrace/core'
import type { FromThread, ThreadStart, ToThread } from './messages.ts'

/** A thread as the process sees it. */
export interface ThreadHandle {
  post(message: ToThread): void
  /** Ends it wherever it is, also in an endless loop. */
  terminate(): Promise<void>
}

export interface ThreadEvents {
  onMessage(message: FromThread): void
  /** Nothing of it runs any more and its stores are closed. `reason` is why, where it did not end by itself. */
  onExit(reason: unknown): void
}

/** Starts threads. */
export interface ThreadHost {
  start(start: ThreadStart, events: ThreadEvents): ThreadHandle
}

/** The file that a thread runs, beside this module. A bundle has no such file, and in CommonJS no URL of a module either. */
export function workerFile(moduleUrl: string | undefined): URL {
  const name = moduleUrl?.endsWith('.ts') === true ? './thread-worker.ts' : './thread-worker.js'
  const file = moduleUrl === undefined ? undefined : new URL(name, moduleUrl)
  if (file === undefined || !existsSync(file)) {
    throw millraceError('MILLRACE_THREADS_UNAVAILABLE', { reason: `${name} is not beside the package's code` })
  }
  return file
}

/** Threads are workers of Node. */
export const workerHost: ThreadHost = {
  start(start, events) {
    const file = workerFile(import.meta.url)
    const fromSource = file.pathname.endsWith('.ts')
    const worker = new Worker(file, {
      workerData: start,
      name: `millrace-${start.thread}`,
      ...(fromSource && { execArgv: [...process.execArgv, '--conditions=millrace-source'] }),
    })
    let reason: unknown
    worker.on('message', (message: FromThread) => events.onMessage(message))
    worker.on('error', error => {
      reason = error
    })
    worker.on('exit', code => events.onExit(reason ?? `exit code ${code}`))
    return {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin, only a window has
      post: message => worker.postMessage(message),
      async terminate() {
        await worker.terminate()
      },
    }
  },
}
