import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { COMPILE_CACHE } from '../../scripts/compile-cache.ts'

/** What a worker tells, as `{ type: 'state', state: 'RUNNING' }`. */
export interface WorkerMessage {
  readonly type: string
  readonly [field: string]: unknown
}

export interface WorkerExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A process that a test has started, and ends for certain: it goes when the test's own process goes. */
export interface Worker extends AsyncDisposable {
  readonly name: string
  readonly messages: readonly WorkerMessage[]
  readonly exited: Promise<WorkerExit>
  readonly running: boolean
  /** Everything that it has logged. */
  log(): string
  /** Resolves with the first message, past or to come, that matches. @throws when the worker ends before */
  told(matches: (message: WorkerMessage) => boolean): Promise<WorkerMessage>
  signal(signal: NodeJS.Signals): void
  /** Sends a message, which it gets as `process.on('message')`. */
  tell(message: object): void
  /** SIGTERM, and SIGKILL when that has not ended it in time. */
  stop(withinMs: number): Promise<WorkerExit & { readonly inTime: boolean }>
}

/**
 * Starts a TypeScript file as a process of its own, with its settings as JSON in its first argument.
 * @param node further options of Node
 */
export function startWorker(name: string, script: URL, settings: unknown, node: readonly string[] = []): Worker {
  const child = fork(script, [JSON.stringify(settings)], {
    execArgv: ['--conditions=millrace-source', ...node],
    env: { ...COMPILE_CACHE, ...process.env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const messages: WorkerMessage[] = []
  const listeners = new Set<() => void>()
  let log = ''
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      log += chunk
    })
  }
  child.on('message', message => {
    messages.push(message as WorkerMessage)
    for (const listener of listeners) listener()
  })
  const exited = exitOf(child)
  const worker: Worker = {
    name,
    messages,
    exited,
    get running() {
      return child.exitCode === null && child.signalCode === null
    },
    log: () => log,
    async told(matches) {
      for (;;) {
        const found = messages.find(matches)
        if (found !== undefined) return found
        if (!worker.running) throw new Error(`${name} has ended before it told what was waited for; its log:\n${log}`)
        await new Promise<void>(resolve => {
          const done = () => {
            listeners.delete(done)
            resolve()
          }
          listeners.add(done)
          void exited.then(done)
        })
      }
    },
    signal: signal => void child.kill(signal),
    tell: message => void child.send(message),
    async stop(withinMs) {
      child.kill('SIGTERM')
      let inTime = true
      const timer = setTimeout(() => {
        inTime = false
        child.kill('SIGKILL')
      }, withinMs)
      const exit = await exited
      clearTimeout(timer)
      return { ...exit, inTime }
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
    },
  }
  return worker
}

async function exitOf(child: ChildProcess): Promise<WorkerExit> {
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return { code, signal }
}
