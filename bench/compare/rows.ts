import { type Comparison, type Rival, RIVAL_NAMES, RIVALS, type RivalName } from '../rivals/rivals.ts'
import { type ContenderName, OWN_NAMES } from './contender-names.ts'
import type { Measured } from './measured.ts'
import type { ProfiledRun } from './profiled.ts'
import { isNoisy, type RivalFailures, type Round } from './rounds.ts'
import { medianOf, type Spread, spreadOf } from './statistics.ts'
import type { Goal, Workload } from './workload.ts'

/** Medians of all rounds. */
export interface Figures {
  /** Records a second. */
  readonly rate?: number
  /** Milliseconds. */
  readonly p50?: number
  readonly p99?: number
  readonly p999?: number
  /** Milliseconds or megabytes, as the title says. */
  readonly value?: number
  /** Microseconds of CPU for each record. */
  readonly cpuMicros?: number
  readonly peakMb?: number
}

/** What another library has done in a workload. */
export interface OtherFigures extends Figures {
  /** With its version. */
  readonly title: string
  /** How its output was compared with all outputs of Kafka Streams and Millrace. Absent when it was not. */
  readonly output?: { readonly compared: Comparison; readonly equal: boolean }
  /** Stopped in some round before all records were processed: the rate is that of its time. */
  readonly unfinished?: boolean
  readonly noisy?: boolean
  /** Why it has no figures. */
  readonly failed?: string
}

/** One line of the result: what `--json` writes. */
export interface Row {
  readonly workload: string
  readonly title: string
  readonly java?: Figures
  readonly millrace?: Figures
  /** Millrace over kafkajs. */
  readonly kafkajs?: Figures
  /** Millrace to Kafka Streams, of each round. */
  readonly ratio?: Spread
  readonly goal: Goal
  /** Absent without both. */
  readonly goalReached?: boolean
  /** Other libraries, where some took part. */
  readonly others?: Readonly<Partial<Record<RivalName, OtherFigures>>>
  /** Of Kafka Streams and Millrace. Absent where there is no output to compare. */
  readonly equalOutput?: boolean
  /** Whether the machine was busy with other work in a round that counts. */
  readonly noisy: boolean
  readonly rounds: number
  /** Of exactly-once: the share of the rate at-least-once that it costs. */
  readonly cost?: number
  /** Of Millrace, with `--profile`. */
  readonly profile?: ProfiledRun
  /** Why the workload could not be measured. */
  readonly failed?: string
}

export function rowOf(workload: Workload, rounds: readonly Round[], failures: RivalFailures = {}): Row {
  const ratios = rounds.flatMap(({ java, millrace }) =>
    java === undefined || millrace === undefined ? [] : [millrace.value / java.value],
  )
  const ratio = ratios.length === 0 ? undefined : spreadOf(ratios)
  const outputs = digestsOf(OWN_NAMES, rounds, 'everything')
  const compared = outputs.length > 0 && ratio !== undefined
  return {
    workload: workload.id,
    title: workload.title,
    ...Object.fromEntries(OWN_NAMES.flatMap(name => entryOf(name, figuresOf(name, rounds)))),
    ...othersOf(workload, rounds, failures),
    ...(ratio === undefined ? {} : { ratio, goalReached: reaches(ratio.median, workload.goal) }),
    goal: workload.goal,
    // Every round of every contender reads the same input, so all outputs are equal and not only those of one round.
    ...(compared ? { equalOutput: new Set(outputs).size === 1 } : {}),
    noisy: rounds.some(isNoisy),
    rounds: rounds.length,
  }
}

export function failedRow(workload: Workload, error: unknown): Row {
  const { id, title, goal } = workload
  return {
    workload: id,
    title,
    goal,
    noisy: false,
    rounds: 0,
    failed: error instanceof Error ? error.message : String(error),
  }
}

/** Adds what exactly-once costs against the same workload at-least-once. */
export function withCosts(rows: readonly Row[], workloads: readonly Workload[]): readonly Row[] {
  return rows.map(row => {
    const workload = workloads.find(({ id }) => id === row.workload)
    const against = workload?.kind === 'throughput' ? workload.costAgainst : undefined
    const other = rows.find(({ workload: id }) => id === against)?.millrace?.rate
    const own = row.millrace?.rate
    return other === undefined || own === undefined ? row : { ...row, cost: 1 - own / other }
  })
}

function reaches(ratio: number, goal: Goal): boolean {
  return 'atLeast' in goal ? ratio >= goal.atLeast : ratio <= goal.atMost
}

function othersOf(workload: Workload, rounds: readonly Round[], failures: RivalFailures): Pick<Row, 'others'> {
  const others = RIVAL_NAMES.flatMap(name => entryOf(name, otherOf(name, workload, rounds, failures[name])))
  return others.length === 0 ? {} : { others: Object.fromEntries(others) }
}

function otherOf(
  name: RivalName,
  workload: Workload,
  rounds: readonly Round[],
  failed: string | undefined,
): OtherFigures | undefined {
  const { title, workloads }: Rival = RIVALS[name]
  if (failed !== undefined) return { title, failed }
  const figures = figuresOf(name, rounds)
  if (figures === undefined) return undefined
  const runs = runsOf(name, rounds)
  const compared = workloads[workload.id]
  const [own, others] =
    compared === undefined ? [[], []] : [digestsOf(OWN_NAMES, rounds, compared), digestsOf([name], rounds, compared)]
  const isCompared = compared !== undefined && own.length > 0 && others.length > 0
  return {
    title,
    ...figures,
    ...(isCompared ? { output: { compared, equal: new Set([...own, ...others]).size === 1 } } : {}),
    ...(runs.some(({ unfinished }) => unfinished) ? { unfinished: true } : {}),
    ...(runs.some(({ noise }) => noise.noisy) ? { noisy: true } : {}),
  }
}

function digestsOf(names: readonly ContenderName[], rounds: readonly Round[], compared: Comparison): readonly string[] {
  return names
    .flatMap(name => runsOf(name, rounds))
    .flatMap(({ output }) => (output === undefined ? [] : [compared === 'everything' ? output.digest : output.values]))
}

function runsOf(name: ContenderName, rounds: readonly Round[]): readonly Measured[] {
  return rounds.flatMap(round => (round[name] === undefined ? [] : [round[name]]))
}

function entryOf<Name extends ContenderName, Value>(name: Name, value: Value | undefined): readonly [Name, Value][] {
  return value === undefined ? [] : [[name, value]]
}

function figuresOf(name: ContenderName, rounds: readonly Round[]): Figures | undefined {
  const runs = runsOf(name, rounds)
  if (runs.length === 0) return undefined
  const median = (of: (run: Measured) => number | undefined) => medianOf(runs.map(of))
  const { rate, latency } = runs[0]!
  return withoutGaps({
    rate: median(run => run.rate),
    p50: median(run => run.latency?.p50),
    p99: median(run => run.latency?.p99),
    p999: median(run => run.latency?.p999),
    value: rate === undefined && latency === undefined ? median(run => run.value) : undefined,
    cpuMicros: median(run => run.cpuMicros),
    peakMb: median(run => run.peakMb),
  })
}

function withoutGaps(figures: { readonly [F in keyof Figures]-?: Figures[F] | undefined }): Figures {
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined))
}
