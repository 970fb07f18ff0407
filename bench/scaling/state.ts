import { workloads } from '../workloads/count.ts'
import { pageViews } from '../compare/inputs.ts'
import type { Lab } from '../compare/lab.ts'
import { measureThroughput } from '../compare/throughput.ts'

export interface StateRow {
  readonly keys: number
  readonly records: number
  readonly rate: number
  readonly cpuMicros: number | undefined
  readonly peakMb: number | undefined
  readonly noisy: boolean
}

const KEYS = [10_000, 100_000, 1_000_000, 10_000_000]
const FEWEST_RECORDS = 2_000_000

/** The cost of a record by the size of the state. */
export async function measureState(lab: Lab): Promise<readonly StateRow[]> {
  const count = workloads.find(({ id }) => id === 'count-100k')!
  const rows: StateRow[] = []
  for (const full of KEYS) {
    const keys = Math.max(1, Math.round(full * lab.scale))
    const records = Math.max(FEWEST_RECORDS, 1.2 * full)
    const views = pageViews({ records, keys, id: 'state' })
    const run = await measureThroughput(lab, { ...count, inputs: { views } }, lab.contenders.millrace)
    const { value: rate, cpuMicros, peakMb, noise } = run
    rows.push({ keys, records: lab.records(records), rate, cpuMicros, peakMb, noisy: noise.noisy })
    console.error(`${keys} keys: ${rate} records/s, at most ${peakMb} MB`)
  }
  return rows
}
