import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Workers } from './run-shop.ts'
import type { WorkerStatus } from './worker-status.ts'

/** What a worker process is started with, as JSON in its first argument. */
export interface WorkerSettings {
  readonly brokers: readonly string[]
  readonly client: 'wire' | 'kafkajs'
  readonly prefix: string
  readonly stateDir: string
  /** Of the registry, with `--avro`. */
  readonly registry?: string | undefined
}

const STOP_PATIENCE_MS = 10_000
/** A worker that ends so soon after its start will not do better the next time. */
const USEFUL_LIFE_MS = 2_000

/** The application as several processes. One that dies is started again, with the state that it left. */
export class WorkerProcesses implements Workers {
  readonly where: string
  readonly events: string[] = []
  readonly #settings: WorkerSettings
  readonly #processes: ChildProcess[] = []
  readonly #statuses: WorkerStatus[] = []
  /** Of processes that are gone. */
  #lateBefore = 0
  #stopping = false
  #failure: Error | undefined

  constructor(options: WorkerSettings & { readonly count: number; readonly where: string }) {
    const { brokers, client, prefix, stateDir, registry, count, where } = options
    this.where = `${where}, ${count} worker${count === 1 ? '' : 's'}, exactly once`
    this.#settings = { brokers, client, prefix, stateDir, registry }
    for (let index = 0; index < count; index++) this.#start(index)
  }

  failure(): Error | undefined {
    return this.#failure
  }

  console(): string | undefined {
    return this.#statuses.find(({ console }) => console !== undefined)?.console
  }

  statuses(): readonly WorkerStatus[] {
    const [first, ...others] = this.#statuses
    return first === undefined ? [] : [{ ...first, late: first.late + this.#lateBefore }, ...others]
  }

  async stop(): Promise<void> {
    this.#stopping = true
    const running = this.#processes.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
    const ended = Promise.all(running.map(worker => once(worker, 'exit')))
    for (const worker of running) if (worker.connected) worker.send('stop')
    const patience = new AbortController()
    await Promise.race([ended, sleep(STOP_PATIENCE_MS, undefined, { signal: patience.signal }).catch(() => undefined)])
    patience.abort()
    for (const worker of running) worker.kill('SIGKILL')
  }

  #start(index: number): void {
    const settings = { ...this.#settings, stateDir: join(this.#settings.stateDir, `worker-${index + 1}`) }
    const worker = fork(fileURLToPath(new URL('./worker-process.ts', import.meta.url)), [JSON.stringify(settings)])
    const startedAt = performance.now()
    this.#processes[index] = worker
    this.#statuses[index] = STARTING
    worker.on('message', status => {
      this.#statuses[index] = status as WorkerStatus
    })
    worker.on('exit', (code, signal) => {
      if (this.#stopping) return
      this.#lateBefore += this.#statuses[index]!.late
      const how = signal === null ? `ended with ${code}` : `was ended by ${signal}`
      this.events.push(`worker ${index + 1} (process ${worker.pid}) ${how}: another takes its place`)
      if (signal === null && performance.now() - startedAt < USEFUL_LIFE_MS) {
        this.#failure = new Error(`worker ${index + 1} ${how} at once; its last words are above`)
        return
      }
      this.#start(index)
    })
    this.events.push(`worker ${index + 1} is process ${worker.pid}`)
  }
}

const STARTING: WorkerStatus = {
  state: 'STARTING',
  tasks: 0,
  processed: 0,
  lag: 0,
  streamTime: -1,
  late: 0,
  restoring: [],
}
