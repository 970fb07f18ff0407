import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Rival, RivalName } from '../rivals/rivals.ts'
import type { ContenderName, OwnName } from './contender-names.ts'
import { endWithProcess } from './end-with-process.ts'
import type { Pinning } from './pinning.ts'
import { type Usage, usageOf } from './processes.ts'
import type { RunOptions } from './run-options.ts'

export interface Contender {
  readonly name: ContenderName
  /** The command that runs one application. */
  command(run: RunOptions): readonly [command: string, ...args: readonly string[]]
  /** Another library, which has some of the workloads only. */
  readonly rival?: Rival
}

/** Those that run, by name: rivals that are wanted and installed. */
export type Contenders = Readonly<Record<OwnName, Contender> & Partial<Record<RivalName, Contender>>>

const WORKER = fileURLToPath(new URL('millrace-worker.ts', import.meta.url))

/** The command of Millrace over one of its clients; with options of Node.js before it. */
export function millraceCommand(
  client: 'kafka' | 'kafkajs',
  nodeOptions: readonly string[] = [],
): Contender['command'] {
  return run => [process.execPath, ...nodeOptions, WORKER, client, JSON.stringify(run)]
}

/** Kafka Streams, and Millrace on each of its clients: its compiled packages, as users install them. `buildPackages` makes them. */
export function contenders(javaClassPath: string, heapMb = 2048): Contenders {
  return {
    java: {
      name: 'java',
      command: run => ['java', `-Xmx${heapMb}m`, '-cp', javaClassPath, 'millrace.bench.Main', JSON.stringify(run)],
    },
    millrace: { name: 'millrace', command: millraceCommand('kafka') },
    kafkajs: { name: 'kafkajs', command: millraceCommand('kafkajs') },
  }
}

/** A contender that runs. */
export interface Running {
  /** When the process was started: `performance.now()`. */
  readonly startedAt: number
  /** What it has printed so far, with the time of each line. */
  readonly lines: readonly { readonly at: number; readonly text: string }[]
  /** What it has used so far; undefined where that cannot be read. */
  usage(): Usage | undefined
  /** @throws when it has ended by itself */
  check(): void
  end(): Promise<void>
}

export function start(contender: Contender, run: RunOptions, pinning: Pinning): Running {
  const [command, ...args] = pinning.contender(contender.command(run))
  const startedAt = performance.now()
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  endWithProcess(child, 'SIGKILL')
  const lines: { at: number; text: string }[] = []
  createInterface({ input: child.stdout }).on('line', text => lines.push({ at: performance.now(), text }))
  let failed: Error | undefined
  child.once('error', error => (failed = error))
  return {
    startedAt,
    lines,
    usage: () => (child.pid === undefined ? undefined : usageOf(child.pid)),
    check() {
      if (failed !== undefined) throw failed
      if (child.exitCode === null && child.signalCode === null) return
      const how = child.signalCode ?? `status ${child.exitCode}`
      throw new Error(`${contender.name} (${run.workload}) ended by itself with ${how}`)
    },
    end: () => end(child),
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const kill = setTimeout(() => child.kill('SIGKILL'), 30_000)
  await exited
  clearTimeout(kill)
}
