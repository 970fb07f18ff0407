import { parseCommandLine } from './options.ts'
import { runInMemory } from './run-in-memory.ts'
import { runOnKafka } from './run-on-kafka.ts'

const asked = parseCommandLine(process.argv.slice(2))
if ('help' in asked) {
  console.log(asked.help)
} else if ('mistake' in asked) {
  console.error(`${asked.mistake}\nTry --help.`)
  process.exitCode = 2
} else {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // Whoever asks twice does not want to wait.
      if (stop.signal.aborted) process.exit(130)
      stop.abort()
    })
  }
  try {
    await (asked.options.kafka ? runOnKafka : runInMemory)(asked.options, stop.signal)
  } catch (error) {
    const { message, hint } = error as { readonly message: string; readonly hint?: string }
    console.error(`${message}${hint === undefined ? '' : `\n${hint}`}`)
    process.exitCode = 1
  }
  // Timers of clients that are closing must not hold the process.
  process.exit()
}
