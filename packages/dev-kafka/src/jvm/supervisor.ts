import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { SupervisorCommand, SupervisorEvent, SupervisorSignal } from './supervisor-protocol.ts'

/** Processes that cannot outlive this one. */
export interface Supervisor {
  /** Resolves with the process id. */
  spawn(name: string, command: string, args: readonly string[], logFile: string): Promise<number>
  /** Resolves when the process has ended, at once if it does not run or if the signal does not end it. */
  signal(name: string, signal: SupervisorSignal): Promise<void>
  /** How the process last started under `name` ended, or undefined while it runs. */
  status(name: string): string | undefined
  /** Kills all, deletes the directory; resolves when both are done. */
  end(): Promise<void>
}

/**
 * Starts a supervisor, which ends and deletes `directory` when `end()` is called or this process is gone, be it by
 * SIGKILL. It keeps this process alive only while something is waited for: who forgets to stop a broker still exits.
 */
export function startSupervisor(directory: string): Supervisor {
  // Beside this file, and like it source or compiled.
  const program = fileURLToPath(new URL(`./supervisor-process${extname(import.meta.url)}`, import.meta.url))
  const child = spawn(process.execPath, [program, directory], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
    windowsHide: true,
  })
  const running = new Map<string, number>()
  const statuses = new Map<string, string>()
  const waiting = new Set<() => void>()
  let gone = false
  const handles = [child, child.stdin, child.stdout] as unknown as readonly { ref(): void; unref(): void }[]
  for (const handle of handles) handle.unref()

  createInterface({ input: child.stdout }).on('line', line => {
    const event = JSON.parse(line) as SupervisorEvent
    if (event.event === 'spawned') running.set(event.name, event.pid)
    else {
      running.delete(event.name)
      statuses.set(event.name, event.error ?? event.status)
    }
    for (const look of waiting) look()
  })
  child.once('exit', () => {
    gone = true
    for (const name of running.keys()) statuses.set(name, 'killed with its supervisor')
    running.clear()
    for (const look of waiting) look()
  })
  // Writing to a supervisor that is gone: `gone` reports it to the caller that waits.
  child.stdin.on('error', () => {})

  const send = (command: SupervisorCommand): void => void child.stdin.write(`${JSON.stringify(command)}\n`)

  /** Looks again after each event. Holds the process meanwhile. */
  const until = async (condition: () => boolean): Promise<void> => {
    if (condition()) return
    if (waiting.size === 0) for (const handle of handles) handle.ref()
    await new Promise<void>(resolve => {
      const look = (): void => {
        if (!condition() && !gone) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
    })
    if (waiting.size === 0) for (const handle of handles) handle.unref()
  }

  return {
    async spawn(name, command, args, logFile) {
      statuses.delete(name)
      send({ do: 'spawn', name, command, args, logFile })
      await until(() => running.has(name) || statuses.has(name))
      const pid = running.get(name)
      if (pid === undefined)
        throw new Error(`${command} did not start: ${statuses.get(name) ?? 'the supervisor is gone'}`)
      return pid
    },
    async signal(name, signal) {
      if (!running.has(name)) return
      send({ do: 'signal', name, signal })
      if (signal === 'SIGTERM' || signal === 'SIGKILL') await until(() => !running.has(name))
    },
    status: name => statuses.get(name),
    async end() {
      if (gone) return
      const exited = once(child, 'exit')
      child.ref()
      child.stdin.end()
      await exited
    },
  }
}
