import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startWorker, type Worker } from './worker.ts'

/** Processes of one test, and a directory for their state. Both go with it. */
export interface WorkerGroup extends AsyncDisposable {
  readonly workers: readonly Worker[]
  /** @param node further options of Node */
  start(name: string, script: URL, settings: unknown, node?: readonly string[]): Worker
  /** A directory that is the same for the same name. */
  stateDir(name: string): string
  log(): string
}

/** @param parent where the directory is made. @default that of temporary files */
export async function workerGroup(parent = tmpdir()): Promise<WorkerGroup> {
  const root = await mkdtemp(join(parent, 'millrace-'))
  const workers: Worker[] = []
  return {
    workers,
    start(name, script, settings, node) {
      const worker = startWorker(name, script, settings, node)
      workers.push(worker)
      return worker
    },
    stateDir: name => join(root, name),
    log: () => workers.map(worker => `--- ${worker.name}\n${worker.log()}`).join('\n'),
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map(worker => worker[Symbol.asyncDispose]()))
      await rm(root, { recursive: true, force: true })
    },
  }
}
