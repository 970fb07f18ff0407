import { sharedKafka } from '@millrace/dev-kafka'
import { kafka, KafkaStreams, silentLogger, string, StreamsBuilder } from 'millrace'
import { describe, expect, it } from 'vitest'
import { missingJavaTools } from '../../differential/missing-java-tools.ts'
import { skipWithoutStreamsGroups } from '../../release-limits.ts'
import { eventually, topicIo } from '../../topic-io.ts'
import type { Application, ApplicationOptions } from '../java-takeover/application.ts'
import { comparable } from '../java-takeover/compare.ts'
import { startJava } from '../java-takeover/java-application.ts'
import { startMillrace } from '../java-takeover/millrace-application.ts'
import { INPUTS, OUTPUTS } from '../java-takeover/shop.ts'
import { processed, topicsOf } from '../java-takeover/takeover.ts'
import { COMPARED, inputOf, membersWithTasks, PARTITIONS, SLICES } from './mixed-shop.ts'

const missing = process.env['CI'] === undefined ? await missingJavaTools() : undefined
if (missing !== undefined) console.log(`skipped: ${missing}, so Kafka Streams cannot be run`)

/** Against hanging only. */
const HANGS_MS = 1_200_000
const LIMIT_MS = 300_000

/** An instance of the group with another topology. */
async function startAnother({ brokers, applicationId, inputs }: ApplicationOptions): Promise<void> {
  const builder = new StreamsBuilder()
  builder.stream(`${inputs}-clicks`, { key: string(), value: string() }).to(`${applicationId}-visits`)
  const options = { applicationId, client: kafka({ brokers }), groupProtocol: 'streams', logger: silentLogger } as const
  await using streams = new KafkaStreams(builder.build(), options)
  await streams.start()
}

describe.skipIf(missing !== undefined)('Kafka Streams and Millrace as members of one streams group', () => {
  it(
    'share its tasks while members of one take turns with members of the other, and nothing is lost or doubled',
    async context => {
      skipWithoutStreamsGroups(context)
      const { brokers } = await sharedKafka()
      const name = `mixed-${Date.now().toString(36)}`
      const [alone, mixed] = [`${name}-alone`, `${name}-mixed`]
      await using io = topicIo(kafka({ brokers }))
      for (const topic of INPUTS) await io.createTopic(`${name}-${topic}`, PARTITIONS)
      for (const id of [alone, mixed]) for (const topic of OUTPUTS) await io.createTopic(`${id}-${topic}`, PARTITIONS)
      const application = (applicationId: string): ApplicationOptions => {
        return { brokers, applicationId, inputs: name, guarantee: 'exactly_once', caching: false }
      }
      const streams = { groupProtocol: 'streams' } as const
      const running = new Set<Application>()
      const begin = async (start: typeof startJava | typeof startMillrace) => {
        const member = await start(application(mixed), streams)
        running.add(member)
        return member
      }
      const end = async (member: Application) => {
        await member.close()
        running.delete(member)
      }
      const input = inputOf(io, name)
      const phase = async (members: number) => {
        const slices = SLICES / 6
        await input.writeSlices(slices / 2)
        const withTasks = async () => {
          for (const member of running) member.check()
          return await membersWithTasks(brokers, mixed)
        }
        await eventually(`${members} members with tasks`, LIMIT_MS, withTasks, count => count === members)
        await input.writeSlices(slices / 2)
      }

      try {
        const java = await begin(startJava)
        await phase(1)
        const code = 'MILLRACE_GROUP_TOPOLOGY_STALE'
        await expect(startAnother(application(mixed))).rejects.toMatchObject({ code })
        const millrace = await begin(startMillrace)
        await phase(2)
        await end(java)
        await phase(1)
        const second = await begin(startMillrace)
        await phase(2)
        await end(millrace)
        const again = await begin(startJava)
        await phase(2)
        await end(second)
        await phase(1)
        await processed(io, name, mixed, again)
      } finally {
        for (const member of running) await member.close()
      }

      const judge = await startJava(application(alone))
      try {
        await processed(io, name, alone, judge)
      } finally {
        await judge.close()
      }
      const [expected, found] = [await topicsOf(io, name, alone), await topicsOf(io, name, mixed)]
      const order = { partitions: PARTITIONS, caching: false, javaRestores: true }
      for (const topic of COMPARED) {
        const records = comparable(topic, expected.get(topic)!, order)
        expect(Object.keys(records), topic).not.toEqual([])
        expect({ topic, records: comparable(topic, found.get(topic)!, order) }).toEqual({ topic, records })
      }
    },
    HANGS_MS,
  )
})
