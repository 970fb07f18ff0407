#!/usr/bin/env node
import { runCommand } from './command.ts'

// kafkajs sets timers to times in the past, and Node prints a warning about them.
process.removeAllListeners('warning')
process.on('warning', warning => {
  if (warning.name !== 'TimeoutNegativeWarning') process.stderr.write(`${warning.stack ?? warning.message}\n`)
})

process.exitCode = await runCommand(process.argv.slice(2), {
  print: line => void process.stdout.write(`${line}\n`),
  printError: line => void process.stderr.write(`${line}\n`),
})
