import type { ContenderName } from './contenders.ts'
import type { Lab } from './lab.ts'
import { measureFootprint } from './footprint.ts'
import { measureInstallation } from './installation.ts'
import { measureLatency } from './latency.ts'
import { noiseText } from './noise.ts'
import type { Measured } from './measured.ts'
import { measureRestore } from './restore.ts'
import { measureThroughput } from './throughput.ts'
import type { Workload } from './workload.ts'

/** One run of each contender. */
export type Round = Readonly<Partial<Record<ContenderName, Measured>>>

export interface RoundOptions {
  readonly contenders: readonly ContenderName[]
  readonly rounds: number
  /** How often a noisy round is repeated. */
  readonly repeats: number
  readonly log: (line: string) => void
}

/**
 * Runs the contenders in turn, each round in the opposite order to the one before. A noisy round is repeated; if it stays
 * noisy, the last attempt counts and the report says so.
 */
export async function runRounds(lab: Lab, workload: Workload, options: RoundOptions): Promise<readonly Round[]> {
  const { contenders, rounds, repeats, log } = options
  const done: Round[] = []
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? contenders : contenders.toReversed()
    let attempt = await runRound(lab, workload, order, log)
    for (let repeat = 0; repeat < repeats && isNoisy(attempt); repeat++) {
      log(`${workload.id}: noisy, repeated`)
      attempt = await runRound(lab, workload, order, log)
    }
    done.push(attempt)
  }
  return done
}

export function isNoisy(round: Round): boolean {
  return Object.values(round).some(({ noise }) => noise.noisy)
}

async function runRound(
  lab: Lab,
  workload: Workload,
  order: readonly ContenderName[],
  log: (line: string) => void,
): Promise<Round> {
  const round: Partial<Record<ContenderName, Measured>> = {}
  for (const name of order) {
    const measured = await measure(lab, workload, name)
    round[name] = measured
    log(`${workload.id}: ${name} ${shown(measured)}`)
  }
  return round
}

function measure(lab: Lab, workload: Workload, name: ContenderName): Promise<Measured> {
  const contender = lab.contenders[name]
  switch (workload.kind) {
    case 'throughput':
      return measureThroughput(lab, workload, contender)
    case 'latency':
      return measureLatency(lab, workload, contender)
    case 'restore':
      return measureRestore(lab, workload, contender)
    case 'footprint':
      return measureFootprint(lab, workload, contender)
    case 'installation':
      return measureInstallation(name)
  }
}

function shown({ value, rate, noise, latency }: Measured): string {
  const figure =
    latency !== undefined
      ? `p50 ${latency.p50.toFixed(1)} ms, p99 ${latency.p99.toFixed(1)} ms`
      : rate !== undefined
        ? `${rate.toLocaleString('en-US')} records/s`
        : value.toFixed(1)
  return `${figure}${noiseText(noise)}`
}
