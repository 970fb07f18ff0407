import { type KafkaClient, NO_HEADERS, partitionForKey, systemClock } from '@millrace/core'
import { type Contender, type Running, start } from './contenders.ts'
import { FIRST_TIMESTAMP } from './inputs.ts'
import type { Lab } from './lab.ts'
import type { Measured } from './measured.ts'
import type { RestoreWorkload } from './workload.ts'

const LIMIT_MS = 600_000

/** Starts an application with a full changelog and no local state: from the first restore that begins to the last that ends. */
export async function measureRestore(lab: Lab, workload: RestoreWorkload, contender: Contender): Promise<Measured> {
  const applicationId = lab.applicationId(workload, contender.name)
  const records = lab.records(workload.records)
  const { partitions, store } = workload
  const input = `${applicationId}-in`
  const changelog = `${applicationId}-${store}-changelog`
  await lab.createTopic(input, partitions)
  await lab.createTopic(changelog, partitions, { 'cleanup.policy': 'compact' })
  await writeChangelog(lab.client, changelog, records, partitions)
  const { run, cleanUp } = await lab.prepare(workload, applicationId, { in: input }, partitions)
  try {
    const { result, noise } = await lab.noise.around(async () => {
      const running = start(contender, run, lab.pinning)
      try {
        return { seconds: await restored(running, partitions), usage: running.usage() }
      } finally {
        await running.end()
      }
    })
    const { seconds, usage } = result
    const rate = Math.round(records / seconds)
    return {
      value: rate,
      rate,
      // Start-up included: the work begins before the first line of it.
      cpuMicros: usage === undefined ? undefined : usage.cpuMicros / records,
      peakMb: usage === undefined ? undefined : Math.round(usage.peakMb),
      noise,
    }
  } finally {
    await cleanUp()
  }
}

async function restored(running: Running, partitions: number): Promise<number> {
  const deadline = performance.now() + LIMIT_MS
  for (;;) {
    running.check()
    const ended = running.lines.filter(({ text }) => text.startsWith('restore-end'))
    if (ended.length >= partitions) {
      const began = running.lines.find(({ text }) => text.startsWith('restore-start'))
      return (ended.at(-1)!.at - began!.at) / 1000
    }
    if (performance.now() > deadline) throw new Error(`the restore was not through after ${LIMIT_MS / 1000} s`)
    await systemClock.sleep(10)
  }
}

/** One count of 8 bytes for each key, as Kafka Streams and Millrace both log it. */
export async function writeChangelog(
  client: KafkaClient,
  changelog: string,
  records: number,
  partitions: number,
): Promise<void> {
  const producer = client.producer({})
  try {
    await producer.init()
    const appender = producer.topic(changelog)
    const value = Buffer.alloc(8)
    for (let index = 0; index < records; index++) {
      const key = Buffer.from(`user-${index}`)
      value.writeBigInt64BE(BigInt(index))
      const partition = partitionForKey(key, 0, key.length, partitions)
      appender.append(partition, FIRST_TIMESTAMP + index, key, 0, key.length, value, 0, value.length, NO_HEADERS)
      if (index % 256 === 0) await producer.pending()
    }
    await producer.flush()
  } finally {
    await producer.close()
  }
}
