/**
 * `npx node --conditions=millrace-source bench/threads/run.ts`: the word count under exactly-once on a real broker, by processes with one thread, and by one process
 * with threads. Prints one table. The exit status is 1 when a layout counts wrongly.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { seededRandom } from '@millrace/core'
import { sharedKafka } from '@millrace/dev-kafka'
import { kafka } from 'millrace'
import { topicIo } from '../../test/topic-io.ts'
import type { ThreadsBenchSettings } from './application.ts'

interface Layout {
  readonly processes: number
  readonly threads: number
}

interface Measured {
  readonly rate: number
  readonly cpuSeconds: number
  readonly peakMb: number
  readonly mistakes: number
}

const LAYOUTS: readonly Layout[] = [
  { processes: 1, threads: 1 },
  { processes: 2, threads: 1 },
  { processes: 1, threads: 2 },
  { processes: 4, threads: 1 },
  { processes: 1, threads: 4 },
]
const PARTITIONS = 8
const WORDS_PER_LINE = 10
const VOCABULARY = 10_000
/** The clock starts when this part of the input is committed: start and compilation are not measured. */
const WARM_UP = 0.1
/** After this, the last process that has joined has its tasks. */
const SETTLING_MS = 5000
const TICKS_PER_SECOND = 100

const { values } = parseArgs({
  options: {
    lines: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '3' },
  },
})
const [lineCount, rounds] = [Number(values.lines), Number(values.rounds)]
if (!(Number.isInteger(lineCount) && lineCount > 0 && Number.isInteger(rounds) && rounds > 0)) {
  console.error('--lines and --rounds take whole numbers from 1')
  process.exit(2)
}

await using broker = await sharedKafka({ log: line => console.error(`dev-kafka: ${line}`) })
const { brokers } = broker
await using io = topicIo(kafka({ brokers }))
const input = `threads-bench-${Date.now().toString(36)}`
const expected = await writeInput()
const results = new Map<Layout, Measured[]>(LAYOUTS.map(layout => [layout, []]))
for (let round = 0; round < rounds; round++) {
  for (const layout of LAYOUTS) results.get(layout)!.push(await measure(layout, round))
}
print()
process.exitCode = [...results.values()].flat().some(({ mistakes }) => mistakes > 0) ? 1 : 0

async function writeInput(): Promise<ReadonlyMap<string, number>> {
  const random = seededRandom(7)
  const counts = new Map<string, number>()
  await io.createTopic(input, PARTITIONS)
  for (let written = 0; written < lineCount;) {
    const size = Math.min(10_000, lineCount - written)
    const lines = Array.from({ length: size }, () =>
      Array.from({ length: WORDS_PER_LINE }, () => `word-${Math.floor(random() ** 3 * VOCABULARY)}`),
    )
    for (const word of lines.flat()) counts.set(word, (counts.get(word) ?? 0) + 1)
    const records = lines.map((words, index) => ({
      ...{ partition: (written + index) % PARTITIONS, key: null, value: words.join(' '), timestamp: Date.now() },
    }))
    await io.produce(input, records)
    written += size
  }
  return counts
}

async function measure(layout: Layout, round: number): Promise<Measured> {
  const applicationId = `${input}-${layout.processes}x${layout.threads}-${round}`
  const counts = `${applicationId}-counts`
  await io.createTopic(counts, PARTITIONS)
  const root = await mkdtemp(join(tmpdir(), 'millrace-threads-'))
  const children = Array.from({ length: layout.processes }, (_, index) =>
    start({
      ...{ brokers, applicationId, counts, lines: input, threads: layout.threads },
      stateDir: join(root, String(index)),
    }),
  )
  try {
    await Promise.all(children.map(child => once(child, 'message')))
    await setTimeout(SETTLING_MS)
    for (const child of children) child.send('go')
    const committed = async () => (await io.committed(applicationId, input)).reduce((sum, offset) => sum + offset, 0)
    let begin = { at: 0, done: 0, ticks: 0 }
    let done = 0
    while (done < lineCount || (await io.unprocessed(applicationId, `${applicationId}-counts-repartition`)) > 0) {
      await setTimeout(50)
      for (const child of children) if (child.exitCode !== null) throw new Error('a process has ended')
      done = await committed()
      if (begin.at === 0 && done >= lineCount * WARM_UP)
        begin = { at: performance.now(), done, ticks: ticksOf(children) }
    }
    const seconds = (performance.now() - begin.at) / 1000
    const usage = { cpuSeconds: (ticksOf(children) - begin.ticks) / TICKS_PER_SECOND, peakMb: peakMbOf(children) }
    const measured = { rate: ((lineCount - begin.done) * WORDS_PER_LINE) / seconds, ...usage }
    return { ...measured, mistakes: await mistakesIn(counts) }
  } finally {
    for (const child of children) {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    }
    await rm(root, { recursive: true, force: true })
  }
}

function start(settings: ThreadsBenchSettings): ChildProcess {
  return fork(new URL('threads-process.ts', import.meta.url), {
    execArgv: ['--conditions=millrace-source'],
    env: { ...process.env, MILLRACE_BENCH_SETTINGS: JSON.stringify(settings) },
  })
}

/** Words whose last count is not what the input holds. */
async function mistakesIn(topic: string): Promise<number> {
  const last = new Map<string, number>()
  for (const { key, value } of await io.readAll(topic)) last.set(String(key), Number(value!.readBigInt64BE()))
  return [...expected].filter(([word, count]) => last.get(word) !== count).length
}

function ticksOf(children: readonly ChildProcess[]): number {
  return children.reduce((sum, { pid }) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return sum + Number(fields[11]) + Number(fields[12])
  }, 0)
}

function peakMbOf(children: readonly ChildProcess[]): number {
  return children.reduce((sum, { pid }) => {
    const [, kb = '0'] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return sum + Number(kb) / 1024
  }, 0)
}

function print(): void {
  const middle = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!
  console.log(`${lineCount} lines of ${WORDS_PER_LINE} words, exactly_once, RocksDB, ${availableParallelism()} cores`)
  console.log('| layout | words/s | CPU µs per word | peak memory, MB | wrong counts |')
  console.log('|---|---|---|---|---|')
  for (const [{ processes, threads }, measured] of results) {
    const of = (value: (one: Measured) => number) => Math.round(middle(measured.map(value)))
    const words = lineCount * (1 - WARM_UP) * WORDS_PER_LINE
    const cpu = middle(measured.map(({ cpuSeconds }) => (cpuSeconds * 1e6) / words)).toFixed(1)
    const name = `${processes} × ${threads} (processes × threads)`
    console.log(`| ${name} | ${of(one => one.rate)} | ${cpu} | ${of(one => one.peakMb)} | ${of(one => one.mistakes)} |`)
  }
}
