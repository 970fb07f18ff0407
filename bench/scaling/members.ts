import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Running, start } from '../compare/contenders.ts'
import type { Usage } from '../compare/processes.ts'
import { PARTITIONS, partitionsOf } from '../compare/inputs.ts'
import type { Lab } from '../compare/lab.ts'
import { steadyRate } from '../compare/progress.ts'
import { settingsOf } from '../compare/run-options.ts'
import type { ThroughputWorkload } from '../compare/workload.ts'
import { workloads as counts } from '../workloads/count.ts'
import { workloads as jsons } from '../workloads/json.ts'

/** How the members of the group are spread over processes. */
interface Layout {
  readonly processes: number
  /** Of each process. */
  readonly threads: number
}

export interface MembersRow extends Layout {
  readonly workload: string
  readonly rate: number
  /** Of all processes, for each record. */
  readonly cpuMicros: number | undefined
  readonly noisy: boolean
}

const LAYOUTS: readonly Layout[] = [
  { processes: 1, threads: 1 },
  { processes: 2, threads: 1 },
  { processes: 4, threads: 1 },
  { processes: 1, threads: 2 },
  { processes: 1, threads: 4 },
]
const WORKLOADS: readonly ThroughputWorkload[] = [jsons[0]!, counts[0]!]

/** The rate of one application in several processes, and in one process with several threads, which share the partitions. */
export async function measureMembers(lab: Lab): Promise<readonly MembersRow[]> {
  const rows: MembersRow[] = []
  for (const workload of WORKLOADS) {
    for (const layout of LAYOUTS) {
      const row = { workload: workload.id, ...layout, ...(await measure(lab, workload, layout)) }
      rows.push(row)
      console.error(`${row.workload}, ${row.processes} processes of ${row.threads} threads: ${row.rate} records/s`)
    }
  }
  return rows
}

async function measure(lab: Lab, workload: ThroughputWorkload, { processes, threads }: Layout) {
  const contender = lab.contenders.millrace
  const { records, ...spec } = workload.inputs['views']!
  // The processes do not start at the same moment, and the group is rebalanced while the first ones work.
  const views = { ...spec, records: 3 * records }
  const topic = await lab.input(views)
  const applicationId = lab.applicationId(workload, contender.name)
  const { run, cleanUp } = await lab.prepare(workload, applicationId, { views: topic })
  const running: Running[] = []
  try {
    const { result: steady, noise } = await lab.noise.around(async () => {
      try {
        for (let number = 0; number < processes; number++) {
          const stateDir = join(run.stateDir, `${number}`)
          await mkdir(stateDir)
          running.push(start(contender, { ...run, stateDir, threads }, lab.pinning))
        }
        return await steadyRate(
          {
            admin: lab.admin,
            group: applicationId,
            inputs: partitionsOf(topic, views.partitions ?? PARTITIONS),
            records: lab.records(views.records),
            commitIntervalMs: settingsOf(workload).commitIntervalMs,
            between: async () => [],
          },
          together(running),
        )
      } finally {
        await Promise.all(running.map(each => each.end()))
      }
    })
    return { rate: steady.rate, cpuMicros: steady.cpuMicros, noisy: noise.noisy || steady.tooShort }
  } finally {
    await cleanUp()
  }
}

/** Several processes as one. */
function together(processes: readonly Running[]): Running {
  return {
    ...processes[0]!,
    check: () => processes.forEach(each => each.check()),
    usage() {
      const all = processes.map(each => each.usage()).filter(usage => usage !== undefined)
      const sum = (of: (usage: Usage) => number) => all.reduce((total, usage) => total + of(usage), 0)
      return all.length < processes.length
        ? undefined
        : { cpuMicros: sum(each => each.cpuMicros), peakMb: sum(each => each.peakMb), nowMb: sum(each => each.nowMb) }
    },
  }
}
