import { systemClock } from '@millrace/core'
import { type Contender, type Running, start } from './contenders.ts'
import { PARTITIONS, partitionsOf } from './inputs.ts'
import type { Lab } from './lab.ts'
import type { Measured } from './measured.ts'
import type { FootprintWorkload } from './workload.ts'

const LIMIT_MS = 60_000
const REST_MS = 10_000

/** From the start of the process to its first output, and the memory that it has some seconds later. */
export async function measureFootprint(lab: Lab, workload: FootprintWorkload, contender: Contender): Promise<Measured> {
  const topic = await lab.input(workload.input)
  const applicationId = lab.applicationId(workload, contender.name)
  const { run, cleanUp } = await lab.prepare(workload, applicationId, { in: topic })
  try {
    const { result, noise } = await lab.noise.around(async () => {
      const running = start(contender, run, lab.pinning)
      try {
        const firstAt = await firstOutput(lab, run.topics.out, running)
        const startUp = firstAt - running.startedAt
        if (workload.measure === 'start-up') return { value: startUp }
        await systemClock.sleep(REST_MS)
        running.check()
        const usage = running.usage()
        if (usage === undefined) throw new Error('the memory of a process can be read on Linux only')
        return { value: usage.nowMb, peakMb: Math.round(usage.peakMb) }
      } finally {
        await running.end()
      }
    })
    return { ...result, noise }
  } finally {
    await cleanUp()
  }
}

async function firstOutput(lab: Lab, topic: string, running: Running): Promise<number> {
  const consumer = lab.client.consumer({ isolationLevel: 'read_uncommitted' })
  const deadline = performance.now() + LIMIT_MS
  try {
    await consumer.assign(partitionsOf(topic, PARTITIONS).map(each => ({ ...each, offset: 0 })))
    for (;;) {
      running.check()
      if ((await consumer.poll(100)).length > 0) return performance.now()
      if (performance.now() > deadline) throw new Error(`nothing arrived in ${topic}`)
    }
  } finally {
    await consumer.close()
  }
}
