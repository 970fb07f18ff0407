/**
 * Program, `supervisor-process DIRECTORY`: holds the broker processes on behalf of the process that started it and
 * outlives that process just long enough to kill them and to delete DIRECTORY. It runs in a process group of its own, so
 * a Ctrl-C in the terminal does not end it before its work is done. See `supervisor-protocol.ts`.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { SupervisorCommand, SupervisorEvent } from './supervisor-protocol.ts'

const directory = process.argv[2]
const children = new Map<string, ChildProcess>()
let ending = false

function report(event: SupervisorEvent): void {
  // The one who listens may be gone, which is just when the work here begins.
  if (process.stdout.writable) process.stdout.write(`${JSON.stringify(event)}\n`)
}

function start(command: Extract<SupervisorCommand, { do: 'spawn' }>): void {
  const output = openSync(command.logFile, 'a')
  const child = spawn(command.command, command.args, { stdio: ['ignore', output, output], windowsHide: true })
  closeSync(output)
  children.set(command.name, child)
  child.once('error', error => ended(command.name, child, 'not started', error.message))
  child.once('exit', (code, signal) => ended(command.name, child, signal ?? `exit status ${code}`))
  if (child.pid !== undefined) report({ event: 'spawned', name: command.name, pid: child.pid })
}

function ended(name: string, child: ChildProcess, status: string, error?: string): void {
  if (children.get(name) !== child) return
  children.delete(name)
  report({ event: 'ended', name, status, ...(error === undefined ? {} : { error }) })
  if (ending) leaveWhenAlone()
}

function end(): void {
  if (ending) return
  ending = true
  for (const child of children.values()) child.kill('SIGKILL')
  leaveWhenAlone()
}

function leaveWhenAlone(): void {
  if (children.size > 0) return
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  process.exit(0)
}

process.stdout.on('error', () => {})
process.on('SIGTERM', end)
process.on('SIGHUP', end)
process.on('SIGINT', () => {})
createInterface({ input: process.stdin })
  .on('line', line => {
    const command = JSON.parse(line) as SupervisorCommand
    if (command.do === 'spawn') start(command)
    else children.get(command.name)?.kill(command.signal)
  })
  .on('close', end)
