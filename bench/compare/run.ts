import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { startBroker } from './broker.ts'
import { buildPackages } from './build-packages.ts'
import { type ContenderName, isRival } from './contender-names.ts'
import { contenders } from './contenders.ts'
import { findWorkloads, pickWorkloads } from './find-workloads.ts'
import { installRivals } from './install-rivals.ts'
import { buildJava } from './java-project.ts'
import { Lab } from './lab.ts'
import { benchmarksPage, keepSection } from './markdown.ts'
import { NoiseMeter } from './noise.ts'
import { choosePinning } from './pinning.ts'
import { printProfile, printRow } from './print.ts'
import { profiledRun } from './profiled.ts'
import { failedRow, type Row, rowOf, withCosts } from './rows.ts'
import { runRounds } from './rounds.ts'
import { setting } from './setting.ts'

export interface CompareOptions {
  /** Ids of workloads, separated by commas. @default all of them */
  readonly only: string | undefined
  readonly rounds: number
  /** How often a noisy round is repeated. */
  readonly repeats: number
  /** Factor on the number of records. */
  readonly scale: number
  readonly contenders: readonly ContenderName[]
  readonly pin: boolean
  /** One more run of Millrace in each workload, under a profiler. */
  readonly profile: boolean
  readonly port: number | undefined
  /** Where the rows go as JSON. */
  readonly json: string | undefined
  /** Where the page goes. @default docs/benchmarks.md for the whole table, otherwise nowhere */
  readonly markdown: string | undefined
  /** As it was typed, for the page. */
  readonly command: string
}

const PAGE = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url))

/** @returns whether no goal was missed on a quiet machine, all outputs are equal and all workloads could be measured */
export async function compare(options: CompareOptions): Promise<boolean> {
  const all = await findWorkloads()
  const workloads = pickWorkloads(all, options.only)
  buildPackages()
  const classPath = options.contenders.includes('java') ? await buildJava(all) : ''
  const rivals = await installRivals(options.contenders.filter(isRival), console.log)
  const pinning = choosePinning(options.pin)
  console.log(pinning.description)
  await using broker = await startBroker(pinning, options.port)
  const lab = new Lab({
    brokers: broker.brokers,
    contenders: { ...contenders(classPath), ...rivals },
    pinning,
    noise: new NoiseMeter(),
    scale: options.scale,
  })
  const rows: Row[] = []
  try {
    for (const workload of workloads) {
      let row: Row
      try {
        const { rounds, failures } = await runRounds(lab, workload, { ...options, log: line => console.error(line) })
        row = rowOf(workload, rounds, failures)
        const profile = options.profile ? await profiledRun(lab, workload) : undefined
        if (profile !== undefined) row = { ...row, profile }
      } catch (error) {
        row = failedRow(workload, error)
      }
      rows.push(row)
      printRow(withCosts(rows, workloads).at(-1)!)
      if (row.profile !== undefined) printProfile(row.profile)
    }
  } finally {
    await lab.close()
  }
  const result = withCosts(rows, workloads)
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(result, null, 2)}\n`)
  const whole = options.only === undefined && options.scale === 1
  const page = options.markdown ?? (whole ? PAGE : undefined)
  if (page !== undefined) {
    const text = benchmarksPage(result, setting(options.command, pinning.description, Object.values(rivals)))
    await writeFile(page, keepSection(text, await readFile(PAGE, 'utf8')))
  }
  return conclude(result)
}

function conclude(rows: readonly Row[]): boolean {
  const ids = (some: (row: Row) => boolean) => rows.filter(some).map(({ workload }) => workload)
  const missed = ids(({ goalReached, noisy }) => goalReached === false && !noisy)
  const undecided = ids(({ goalReached, noisy }) => goalReached === false && noisy)
  const unequal = ids(
    ({ equalOutput, others }) =>
      equalOutput === false || Object.values(others ?? {}).some(({ output }) => output?.equal === false),
  )
  const failed = ids(({ failed: why }) => why !== undefined)
  if (missed.length > 0) console.log(`Goals missed on a quiet machine: ${missed.join(', ')}`)
  if (undecided.length > 0)
    console.log(`Goals missed, but the machine was busy with other work: ${undecided.join(', ')}`)
  if (unequal.length > 0) console.log(`Outputs differ: ${unequal.join(', ')}`)
  if (failed.length > 0) console.log(`Not measured: ${failed.join(', ')}`)
  return missed.length + unequal.length + failed.length === 0
}
