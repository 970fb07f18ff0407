/**
 * `npm run rounds -- --file test/e2e/broker-down.test.ts --times 20 --load 2`: runs one test file of the project `e2e` again and again,
 * with processes beside it that keep the processor busy. Exits with 1 when a round fails, and says which.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    file: { type: 'string', default: 'test/e2e/broker-down.test.ts' },
    times: { type: 'string', default: '20' },
    load: { type: 'string', default: '0' },
  },
})
const times = Number(values.times)
const load = Number(values.load)
if (!Number.isInteger(times) || times < 1 || !Number.isInteger(load) || load < 0) {
  console.error('usage: npm run rounds -- [--file FILE] [--times N] [--load PROCESSES]')
  process.exit(2)
}

const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url))
const BUSY = 'const until = Date.now() + 2 ** 31; while (Date.now() < until) Math.sqrt(Math.random())'
const busy: ChildProcess[] = Array.from({ length: load }, () => spawn(process.execPath, ['-e', BUSY]))
let running: ChildProcess | undefined
process.on('exit', () => {
  running?.kill('SIGTERM')
  for (const child of busy) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const failed: number[] = []
for (let round = 1; round <= times; round++) {
  const began = performance.now()
  const child = spawn(process.execPath, [vitest, 'run', '--project', 'e2e', values.file])
  running = child
  let output = ''
  child.stdout.on('data', chunk => (output += String(chunk)))
  child.stderr.on('data', chunk => (output += String(chunk)))
  const [status] = (await once(child, 'close')) as [number | null]
  if (status !== 0) {
    failed.push(round)
    console.log(output)
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(0)
  console.log(`round ${round} of ${times}: ${status === 0 ? 'passed' : 'FAILED'} in ${seconds} s`)
}
console.log(
  failed.length === 0 ? `${times} rounds passed` : `${failed.length} of ${times} rounds failed: ${failed.join(', ')}`,
)
process.exit(failed.length === 0 ? 0 : 1)
