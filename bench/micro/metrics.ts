/**
 * What the metrics of the default level cost for each record: the additions that a record from a source to a sink meets, alone, beside the CPU
 * time of a record in each job of the engine bench, of the same run.
 *
 *   npx node --conditions=millrace-source bench/micro/metrics.ts
 *
 * Comparing the engine with and without them (`bench/engine/interleave.ts --metrics`) says the same, and needs a machine that nobody shares.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NO_HEADERS, type RecordCursor } from '@millrace/core'
import { Tally, TopicTally } from '@millrace/runtime'
import type { EngineResult } from '../engine/run.ts'
import { median } from '../engine/ratios.ts'

const RECORDS = 20_000_000
const ROUNDS = 7
const EPOCH_MS = 1_700_000_000_000

const cursor = { keyStart: 0, keyEnd: 10, valueStart: 10, valueEnd: 80 } as RecordCursor
const [consumed, produced] = [new TopicTally('in'), new TopicTally('out')]
const [entered, left] = [new Tally(), new Tally()]
const context = { wallTime: Date.now(), timestamp: 0 }
let sum = 0

function withMetrics(records: number): void {
  for (let at = 0; at < records; at++) {
    context.timestamp = EPOCH_MS + at
    consumed.read(cursor, NO_HEADERS)
    entered.add(context.wallTime - context.timestamp)
    left.add(context.wallTime - context.timestamp)
    produced.add(10 + (at & 3), 50, NO_HEADERS)
  }
}

function without(records: number): void {
  for (let at = 0; at < records; at++) {
    context.timestamp = EPOCH_MS + at
    sum += at & 3
  }
}

function nanoseconds(run: (records: number) => void): number {
  const began = process.threadCpuUsage()
  run(RECORDS)
  const { user, system } = process.threadCpuUsage(began)
  return ((user + system) * 1000) / RECORDS
}

const rounds = Array.from({ length: ROUNDS }, () => nanoseconds(withMetrics) - nanoseconds(without))
const cost = median(rounds)
console.log(
  `metrics of the default level: ${cost.toFixed(1)} ns for each record (sums ${consumed.records}, ${sum > 0})`,
)
for (const { workload, threadMicrosecondsPerRecord: micros } of engineJobs()) {
  console.log(
    `${workload}: ${micros.toFixed(2)} µs of CPU for each record, of which metrics ${((cost / micros) * 0.1).toFixed(1)} %`,
  )
}

function engineJobs(): readonly EngineResult[] {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-metrics-'))
  const file = join(directory, 'result.json')
  try {
    // Its status is 1 where the machine does not reach the goal, which is not the question here.
    spawnSync(process.execPath, ['--conditions=millrace-source', 'bench/run.ts', '--engine', '--json', file], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    return JSON.parse(readFileSync(file, 'utf8')) as readonly EngineResult[]
  } finally {
    rmSync(directory, { recursive: true })
  }
}
