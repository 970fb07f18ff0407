import { setTimeout } from 'node:timers/promises'
import type { Worker } from '../processes/worker.ts'
import type { History } from './history.ts'

/** Places for worker processes: each keeps its state directory while processes come and go in it. */
export interface Slots {
  readonly names: readonly string[]
  /** Without a process it does nothing, as do the next two. */
  kill(slot: string): Promise<void>
  /** SIGTERM; the process has to end with 0. */
  stop(slot: string): Promise<void>
  /** Keeps the process from running, for longer or shorter than its session lasts, and lets it go on. */
  freeze(slot: string, ms: number): Promise<void>
  /** Starts a process where there is none. @param fresh with an empty state directory */
  start(slot: string, options: { readonly fresh: boolean }): void
  /** Of all state directories that a process has had, for `WorkerGroup.stateDir`. */
  readonly states: ReadonlySet<string>
  /** What went wrong: processes that ended by themselves, or did not end when asked to. */
  readonly failures: readonly string[]
}

const STOP_MS = 45_000

/** Starts processes; the same `state` means the same state directory. */
interface Starter {
  start(name: string, state?: string): Worker
}

/** @param mayEnd whether a process may end by itself at the moment. @default it never may */
export function workerSlots(
  application: Starter,
  count: number,
  history: History,
  mayEnd: () => boolean = () => false,
): Slots {
  const names = Array.from({ length: count }, (_, index) => `worker-${index + 1}`)
  const workers = new Map<string, Worker>()
  const directories = new Map(names.map(name => [name, name]))
  const failures: string[] = []
  const states = new Set<string>()
  const killed = new Set<Worker>()
  const stopping = new Set<Worker>()
  let started = 0

  function fail(worker: Worker, what: string): void {
    history.say(`FAILURE: ${worker.name} ${what}`)
    failures.push(`${worker.name} ${what}; the end of its log:\n${worker.log().slice(-4_000)}`)
  }

  async function watch(slot: string, worker: Worker): Promise<void> {
    const { code, signal } = await worker.exited
    if (workers.get(slot) === worker) workers.delete(slot)
    if (killed.has(worker) || stopping.has(worker)) return
    if (mayEnd()) history.say(`${worker.name} has ended by itself, with ${code ?? signal}`)
    else fail(worker, `has ended by itself, with ${code ?? signal}`)
  }

  return {
    names,
    failures,
    states,
    async kill(slot) {
      const worker = workers.get(slot)
      if (worker === undefined) return
      history.say(`kill -9 ${worker.name}`)
      killed.add(worker)
      worker.signal('SIGKILL')
      await worker.exited
    },
    async stop(slot) {
      const worker = workers.get(slot)
      if (worker === undefined) return
      // A second signal would end it at once, with another code.
      if (stopping.has(worker)) return void (await worker.exited)
      history.say(`stop ${worker.name}`)
      stopping.add(worker)
      const { code, signal, inTime } = await worker.stop(STOP_MS)
      // While it waited for its broker, say.
      if (killed.has(worker)) return
      // Node itself ends a process that is still loading its modules.
      if (signal === 'SIGTERM' && worker.messages.length === 0) return
      if (!inTime) fail(worker, `did not end within ${STOP_MS} ms of SIGTERM`)
      else if (code !== 0) fail(worker, `ended with ${code} after SIGTERM`)
    },
    async freeze(slot, ms) {
      const worker = workers.get(slot)
      if (worker === undefined) return
      history.say(`freeze ${worker.name} for ${ms} ms`)
      worker.signal('SIGSTOP')
      await setTimeout(ms)
      worker.signal('SIGCONT')
    },
    start(slot, { fresh }) {
      if (workers.has(slot)) return
      const name = `${slot}.${++started}`
      if (fresh) directories.set(slot, name)
      history.say(`start ${name}${fresh ? ' without state' : ''}`)
      states.add(directories.get(slot)!)
      const worker = application.start(name, directories.get(slot))
      workers.set(slot, worker)
      void watch(slot, worker)
    },
  }
}
