import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Running, start } from '../compare/contenders.ts'
import { PARTITIONS, partitionsOf } from '../compare/inputs.ts'
import type { Lab } from '../compare/lab.ts'
import { steadyRate } from '../compare/progress.ts'
import { settingsOf } from '../compare/run-options.ts'
import type { ThroughputWorkload } from '../compare/workload.ts'
import { workloads as counts } from '../workloads/count.ts'
import { workloads as jsons } from '../workloads/json.ts'

export interface ProcessesRow {
  readonly workload: string
  readonly processes: number
  readonly rate: number
  readonly noisy: boolean
}

const PROCESSES = [1, 2, 4]
const WORKLOADS: readonly ThroughputWorkload[] = [jsons[0]!, counts[0]!]

/** The rate of one application in several processes, which share the partitions. */
export async function measureProcesses(lab: Lab): Promise<readonly ProcessesRow[]> {
  const rows: ProcessesRow[] = []
  for (const workload of WORKLOADS) {
    for (const processes of PROCESSES) {
      const { rate, noisy } = await measure(lab, workload, processes)
      rows.push({ workload: workload.id, processes, rate, noisy })
      console.error(`${workload.id} in ${processes} processes: ${rate} records/s`)
    }
  }
  return rows
}

async function measure(lab: Lab, workload: ThroughputWorkload, processes: number) {
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
          running.push(start(contender, { ...run, stateDir }, lab.pinning))
        }
        const all: Running = { ...running[0]!, check: () => running.forEach(each => each.check()) }
        return await steadyRate(
          {
            admin: lab.admin,
            group: applicationId,
            inputs: partitionsOf(topic, views.partitions ?? PARTITIONS),
            records: lab.records(views.records),
            commitIntervalMs: settingsOf(workload).commitIntervalMs,
            between: async () => [],
          },
          all,
        )
      } finally {
        await Promise.all(running.map(each => each.end()))
      }
    })
    return { rate: steady.rate, noisy: noise.noisy || steady.tooShort }
  } finally {
    await cleanUp()
  }
}
