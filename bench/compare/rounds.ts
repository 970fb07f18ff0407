import { type ContenderName, isRival, OWN_NAMES } from './contender-names.ts'
import type { Contender } from './contenders.ts'
import type { Lab } from './lab.ts'
import { measureFootprint } from './footprint.ts'
import { measureInstallation } from './installation.ts'
import { measureLatency } from './latency.ts'
import { noiseText } from './noise.ts'
import type { Measured } from './measured.ts'
import { measureRestore } from './restore.ts'
import { measureThroughput } from './throughput.ts'
import type { RivalName } from '../rivals/rivals.ts'
import type { Workload } from './workload.ts'

/** One run of each contender. */
export type Round = Readonly<Partial<Record<ContenderName, Measured>>>

/** Why rivals have no figures: what they fail in is no failure of the workload. */
export type RivalFailures = Readonly<Partial<Record<RivalName, string>>>

export interface RoundOptions {
  readonly contenders: readonly ContenderName[]
  readonly rounds: number
  /** How often a noisy round is repeated. */
  readonly repeats: number
  readonly log: (line: string) => void
}

/**
 * Runs the contenders in turn, each round in the opposite order to the one before. A noisy round is repeated without its rivals, which
 * may take minutes; if it stays noisy, the last attempt counts and the report says so. A rival that fails is left out from then on.
 */
export async function runRounds(
  lab: Lab,
  workload: Workload,
  options: RoundOptions,
): Promise<{ readonly rounds: readonly Round[]; readonly failures: RivalFailures }> {
  const { contenders, rounds, repeats, log } = options
  const failures: Partial<Record<RivalName, string>> = {}
  const done: Round[] = []
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? contenders : contenders.toReversed()
    let attempt = await runRound(lab, workload, order, failures, log)
    for (let repeat = 0; repeat < repeats && isNoisy(attempt); repeat++) {
      log(`${workload.id}: noisy, repeated`)
      const own = order.filter(name => !isRival(name))
      attempt = { ...attempt, ...(await runRound(lab, workload, own, failures, log)) }
    }
    done.push(attempt)
  }
  return { rounds: done, failures }
}

/** Whether the ratio of the round says little. Rivals have no part in it. */
export function isNoisy(round: Round): boolean {
  return OWN_NAMES.some(name => round[name]?.noise.noisy)
}

async function runRound(
  lab: Lab,
  workload: Workload,
  order: readonly ContenderName[],
  failures: Partial<Record<RivalName, string>>,
  log: (line: string) => void,
): Promise<Round> {
  const round: Partial<Record<ContenderName, Measured>> = {}
  for (const name of order) {
    const contender = lab.contenders[name]
    if (contender === undefined || !runs(contender, workload) || (isRival(name) && name in failures)) continue
    try {
      const measured = await measure(lab, workload, contender)
      round[name] = measured
      log(`${workload.id}: ${name} ${shown(measured)}`)
    } catch (error) {
      if (!isRival(name)) throw error
      failures[name] = error instanceof Error ? error.message : String(error)
      log(`${workload.id}: ${name} failed: ${failures[name]}`)
    }
  }
  return round
}

function runs({ rival }: Contender, { id }: Workload): boolean {
  return rival === undefined || id in rival.workloads
}

function measure(lab: Lab, workload: Workload, contender: Contender): Promise<Measured> {
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
      return measureInstallation(contender.name)
  }
}

function shown({ value, rate, noise, latency, unfinished }: Measured): string {
  const figure =
    latency !== undefined
      ? `p50 ${latency.p50.toFixed(1)} ms, p99 ${latency.p99.toFixed(1)} ms`
      : rate !== undefined
        ? `${rate.toLocaleString('en-US')} records/s`
        : value.toFixed(1)
  return `${figure}${unfinished ? ' (stopped before it was through)' : ''}${noiseText(noise)}`
}
