#!/usr/bin/env node
import { createInterface } from 'node:readline'
import { runCommand } from './command.ts'

process.exitCode = await runCommand(process.argv.slice(2), {
  print: line => void process.stdout.write(`${line}\n`),
  printError: line => void process.stderr.write(`${line}\n`),
  ...(!process.stdin.isTTY && { input: lines() }),
})

/** Opened when they are asked for: a command that reads nothing must not wait for the end of its input. */
async function* lines(): AsyncGenerator<string, void, undefined> {
  yield* createInterface({ input: process.stdin })
}
