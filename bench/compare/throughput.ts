import type { TopicPartition } from '@millrace/core'
import { type Contender, start } from './contenders.ts'
import { PARTITIONS, partitionsOf } from './inputs.ts'
import type { Lab } from './lab.ts'
import { digestOutput, type OutputDigest } from './outputs.ts'
import { settingsOf } from './run-options.ts'
import { steadyRate, type Watched } from './progress.ts'
import type { Measured } from './measured.ts'
import type { ThroughputWorkload } from './workload.ts'

/** Some rivals are a hundred times slower: full inputs would take them hours. */
const RIVAL_LIMIT_MS = 300_000

/** Runs one contender until it has processed the input, and reads what it has written. */
export async function measureThroughput(
  lab: Lab,
  workload: ThroughputWorkload,
  contender: Contender,
): Promise<Measured> {
  const topics: Record<string, string> = {}
  for (const [name, spec] of Object.entries(workload.inputs)) topics[name] = await lab.input(spec)
  const specs = Object.values(workload.inputs)
  const applicationId = lab.applicationId(workload, contender.name)
  const { run, cleanUp } = await lab.prepare(workload, applicationId, topics)
  try {
    const watched: Watched = {
      admin: lab.admin,
      group: applicationId,
      inputs: Object.entries(workload.inputs).flatMap(([name, { partitions }]) =>
        partitionsOf(topics[name]!, partitions ?? PARTITIONS),
      ),
      records: specs.reduce((sum, { records }) => sum + lab.records(records), 0),
      commitIntervalMs: settingsOf(workload).commitIntervalMs,
      ...(contender.rival === undefined ? {} : { enoughMs: RIVAL_LIMIT_MS }),
      between: () => topicsBetween(lab, applicationId),
    }
    const { result: steady, noise: heard } = await lab.noise.around(async () => {
      const running = start(contender, run, lab.pinning)
      try {
        return await steadyRate(watched, running)
      } finally {
        await running.end()
      }
    })
    const noise = steady.tooShort ? { ...heard, noisy: true, tooShort: true } : heard
    if (steady.unfinished) return { ...steady, value: steady.rate, noise }
    const output: OutputDigest = await digestOutput(lab.client, run.topics.out, workload.compare)
    return { ...steady, value: steady.rate, output, noise }
  } finally {
    await cleanUp()
  }
}

/** Repartition topics, and the topics of a join by foreign key: what one half of the topology writes and the other reads. */
async function topicsBetween(lab: Lab, applicationId: string): Promise<readonly TopicPartition[]> {
  const names = (await lab.admin.listTopics()).filter(
    name => name.startsWith(`${applicationId}-`) && /-(repartition|topic)$/.test(name),
  )
  const described = await lab.admin.describeTopics(names)
  return described.flatMap(({ name, partitions }) => partitionsOf(name, partitions))
}
