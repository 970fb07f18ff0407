#!/usr/bin/env node
import { createInterface } from 'node:readline'
import { runCommand } from './command.ts'

/** Aborted when nobody takes the output any more, as after `| head -1`. What changes something is finished all the same. */
const unread = new AbortController()
let failed = false
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  unread.abort()
  if (error.code === 'EPIPE') return
  failed = true
  process.exitCode = 1
  process.stderr.write(`The output cannot be written: ${error.message}\n`)
})
// There is no place left to say it.
process.stderr.on('error', () => undefined)

const status = await runCommand(process.argv.slice(2), {
  print(line) {
    if (!unread.signal.aborted) process.stdout.write(`${line}\n`)
  },
  printError: line => void process.stderr.write(`${line}\n`),
  signal: unread.signal,
  ...(!process.stdin.isTTY && { input: lines() }),
})
process.exitCode = failed ? 1 : status

/** Opened when they are asked for: a command that reads nothing must not wait for the end of its input. */
async function* lines(): AsyncGenerator<string, void, undefined> {
  yield* createInterface({ input: process.stdin })
}
