import { setTimeout } from 'node:timers/promises'
import { sharedKafka } from '@millrace/dev-kafka'
import { isMillraceError } from 'millrace'
import { describe, expect, it } from 'vitest'
import { clientUnderTest } from '../client-under-test.ts'
import { missingJavaTools } from '../../differential/missing-java-tools.ts'
import { eventually, type TopicIo, topicIo } from '../../topic-io.ts'
import type { Application, ApplicationOptions } from './application.ts'
import { comparable } from './compare.ts'
import { parts } from './inputs.ts'
import { startJava } from './java-application.ts'
import { startMillrace } from './millrace-application.ts'
import { INPUTS, OUTPUTS } from './shop.ts'
import { processed, topicsOf } from './takeover.ts'

const missing = process.env['CI'] === undefined ? await missingJavaTools() : undefined
if (missing !== undefined) console.log(`skipped: ${missing}, so Kafka Streams cannot be run`)

const PARTITIONS = 3
const SLICES = 40
/** Against hanging only. */
const HANGS_MS = 900_000
const LIMIT_MS = 300_000
/** The shortest that brokers allow. */
const SESSION_MS = 6_000

/** What depends on one input topic only, and so not on which of two is ahead. */
const COMPARED = [
  ...['page-windows', 'visits', 'closed-windows', 'final-windows', 'stock'],
  ...['clicks-per-user-changelog', 'closed-changelog', 'clicks-per-page-changelog', 'stock-changelog'],
]

/** Writes all of the input, bit by bit, and tells after each bit. */
async function feed(io: TopicIo, name: string): Promise<void> {
  const input = parts(1, PARTITIONS)
  for (const topic of INPUTS) {
    // Each topic in its own order: which of two is ahead does not matter here.
    const records = input.flatMap(part => part[topic])
    const size = Math.ceil(records.length / SLICES)
    for (let from = 0; from < records.length; from += size) {
      await io.produce(`${name}-${topic}`, records.slice(from, from + size))
      await setTimeout(50)
    }
  }
}

/** As an operator would: again, while the group still counts the member that was killed. */
async function startWhenFree(options: ApplicationOptions): Promise<Application> {
  for (;;) {
    try {
      return await startMillrace(options)
    } catch (error) {
      if (!isMillraceError(error) || error.code !== 'MILLRACE_GROUP_INCOMPATIBLE') throw error
      await setTimeout(1_000)
    }
  }
}

describe.skipIf(missing !== undefined)('Kafka Streams, killed in the middle of its work', () => {
  it(
    'is taken over by Millrace, and under exactly_once nothing is lost or doubled',
    async () => {
      const { brokers } = await sharedKafka()
      const name = `crash-${Date.now().toString(36)}`
      const [alone, killed] = [`${name}-alone`, `${name}-killed`]
      await using io = topicIo(clientUnderTest(brokers))
      for (const topic of INPUTS) await io.createTopic(`${name}-${topic}`, PARTITIONS)
      for (const id of [alone, killed]) for (const topic of OUTPUTS) await io.createTopic(`${id}-${topic}`, PARTITIONS)
      const application = (applicationId: string): ApplicationOptions => {
        return { brokers, applicationId, inputs: name, guarantee: 'exactly_once', caching: false }
      }
      const java = await startJava(application(killed), { sessionTimeoutMs: SESSION_MS })
      const fed = feed(io, name)
      const clicks = parts(1, PARTITIONS).reduce((sum, part) => sum + part.clicks.length, 0)
      const done = async () => {
        java.check()
        return (await io.committed(killed, `${name}-clicks`)).reduce((sum, offset) => sum + offset, 0)
      }
      const atKill = await eventually('some of the clicks', LIMIT_MS, done, count => count > clicks / 4)
      await java.kill()
      expect(atKill).toBeLessThan(clicks)
      await fed
      for (const [id, start] of [
        [killed, startWhenFree],
        [alone, startJava],
      ] as const) {
        const running = await start(application(id))
        try {
          await processed(io, name, id, running)
        } finally {
          await running.close()
        }
      }
      const [expected, found] = [await topicsOf(io, name, alone), await topicsOf(io, name, killed)]
      const order = { partitions: PARTITIONS, caching: false, javaRestores: false }
      for (const topic of COMPARED) {
        const records = comparable(topic, expected.get(topic)!, order)
        expect({ topic, records: comparable(topic, found.get(topic)!, order) }).toEqual({ topic, records })
      }
    },
    HANGS_MS,
  )
})
