import { readFile, writeFile } from 'node:fs/promises'
import { workloads as counts } from '../workloads/count.ts'
import { workloads as jsons } from '../workloads/json.ts'
import { workloads as passthroughs } from '../workloads/passthrough.ts'
import { startBroker } from './broker.ts'
import { buildPackages } from './build-packages.ts'
import { contenders } from './contenders.ts'
import { type InputSpec, pageViews } from './inputs.ts'
import { Lab } from './lab.ts'
import { calibrationLoop, NoiseMeter } from './noise.ts'
import { choosePinning } from './pinning.ts'
import { measureThroughput } from './throughput.ts'
import type { ThroughputWorkload } from './workload.ts'

/** The count has few keys: with many, the work for each record depends on how many records come between two commits. */
const FEW_KEYS = pageViews({ records: 400_000, keys: 1_000, id: 'guard' })
const MANY_RECORDS = pageViews({ records: 800_000, keys: 1_000, id: 'guard' })
const WORKLOADS: readonly ThroughputWorkload[] = [
  small(
    passthroughs.find(({ id }) => id === 'passthrough')!,
    MANY_RECORDS,
  ),
  small(
    jsons.find(({ id }) => id === 'json')!,
    FEW_KEYS,
  ),
  small(
    counts.find(({ id }) => id === 'count-100k')!,
    FEW_KEYS,
  ),
]
const ROUNDS = 2
const LOOPS = 7
const RECORDED = new URL('../recorded.json', import.meta.url)
/** A guard against collapse, not a timing test: machines and their load differ. */
const COLLAPSED = 0.5

/** Records that Millrace processes in the time of one calibration loop. */
interface Ratios {
  /** Both in processor time, so that it holds on a busy machine too. */
  readonly cpu: number
  /** Both by the clock. */
  readonly rate: number
}

type Recorded = Readonly<Record<string, Ratios>>

/**
 * Measures three workloads in units of the calibration loop of the same run, and compares them with what was recorded.
 *
 * @param options `record` writes the figures instead, for a quiet machine
 * @returns whether none has fallen below half
 */
export async function guard(options: {
  readonly port: number | undefined
  readonly record: boolean
}): Promise<boolean> {
  buildPackages()
  const pinning = choosePinning(false)
  await using broker = await startBroker(pinning, options.port)
  const lab = new Lab({
    brokers: broker.brokers,
    contenders: contenders(''),
    pinning,
    noise: new NoiseMeter(),
    scale: 1,
  })
  const recorded = JSON.parse(await readFile(RECORDED, 'utf8')) as Recorded
  const found: Record<string, Ratios> = {}
  let noisy = false
  try {
    for (const workload of WORKLOADS) {
      const rounds: Ratios[] = []
      for (let round = 0; round < ROUNDS; round++) {
        const loop = timedLoops()
        const run = await measureThroughput(lab, workload, lab.contenders.millrace)
        noisy ||= run.noise.noisy
        const cpu = run.cpuMicros === undefined ? Number.NaN : (loop.cpuMs * 1000) / run.cpuMicros
        console.error(
          `${workload.id}: ${run.value.toLocaleString('en-US')} records/s, ${run.cpuMicros?.toFixed(2)} µs of CPU each`,
        )
        rounds.push({ cpu: Math.round(cpu), rate: Math.round((run.value / 1000) * loop.ms) })
      }
      const best = (of: (ratios: Ratios) => number) => Math.max(...rounds.map(of))
      found[workload.id] = { cpu: best(({ cpu }) => cpu), rate: best(({ rate }) => rate) }
    }
  } finally {
    await lab.close()
  }
  if (options.record) {
    await writeFile(RECORDED, `${JSON.stringify(found, null, 2)}\n`)
    return true
  }
  return Object.entries(found)
    .map(([id, ratios]) => verdict(id, ratios, recorded[id], noisy))
    .every(Boolean)
}

/** Commits often: a commit each second could have the whole input. */
function small(workload: ThroughputWorkload, views: InputSpec): ThroughputWorkload {
  return { ...workload, inputs: { views }, commitIntervalMs: 100 }
}

/** By the clock it counts on a quiet machine only; without processor times (no Linux) only the clock counts. */
function verdict(id: string, found: Ratios, recorded: Ratios | undefined, noisy: boolean): boolean {
  if (recorded === undefined) throw new Error(`nothing is recorded for ${id}: run with --quick --record`)
  const shares = { cpu: found.cpu / recorded.cpu, rate: found.rate / recorded.rate }
  const counts = { cpu: !Number.isNaN(shares.cpu), rate: !noisy }
  const collapsed = (counts.cpu && shares.cpu < COLLAPSED) || (counts.rate && shares.rate < COLLAPSED)
  const percent = (share: number) => `${Math.round(share * 100)} %`
  console.log(
    `${id}: ${percent(shares.cpu)} of the recorded work for each processor second, ${percent(shares.rate)} by the clock` +
      `${noisy ? ' (noisy, does not count)' : ''}: ${collapsed ? 'COLLAPSED' : 'fine'}`,
  )
  return !collapsed
}

function timedLoops(): { readonly ms: number; readonly cpuMs: number } {
  const before = process.cpuUsage()
  const times = Array.from({ length: LOOPS }, calibrationLoop).sort((a, b) => a - b)
  const { user, system } = process.cpuUsage(before)
  return { ms: times[LOOPS >> 1]!, cpuMs: (user + system) / 1000 / LOOPS }
}
