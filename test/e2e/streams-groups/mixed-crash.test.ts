import { setTimeout } from 'node:timers/promises'
import { sharedKafka } from '@millrace/dev-kafka'
import { kafka } from 'millrace'
import { describe, expect, it } from 'vitest'
import { missingJavaTools } from '../../differential/missing-java-tools.ts'
import { workerGroup } from '../../processes/worker-group.ts'
import { skipWithoutStreamsGroups } from '../../release-limits.ts'
import { eventually, topicIo } from '../../topic-io.ts'
import type { ApplicationOptions } from '../java-takeover/application.ts'
import { comparable } from '../java-takeover/compare.ts'
import { type JavaApplication, startJava } from '../java-takeover/java-application.ts'
import { INPUTS, OUTPUTS } from '../java-takeover/shop.ts'
import { processed, topicsOf } from '../java-takeover/takeover.ts'
import { COMPARED, inputOf, membersWithTasks, PARTITIONS, SLICES } from './mixed-shop.ts'
import type { MemberSettings } from './member-process.ts'

const missing = process.env['CI'] === undefined ? await missingJavaTools() : undefined
if (missing !== undefined) console.log(`skipped: ${missing}, so Kafka Streams cannot be run`)

/** Against hanging only. */
const HANGS_MS = 1_200_000
const LIMIT_MS = 300_000
const STOP_MS = 60_000
/** Kills, each in the middle of its share of the input. */
const ROUNDS = ['java', 'millrace', 'both'] as const

describe.skipIf(missing !== undefined)(
  'Kafka Streams and Millrace as members of one streams group, killed at work',
  () => {
    it(
      'take over from each other and come back, and under exactly_once nothing is lost or doubled',
      async context => {
        skipWithoutStreamsGroups(context)
        const { brokers } = await sharedKafka()
        const name = `mixed-crash-${Date.now().toString(36)}`
        const [alone, mixed] = [`${name}-alone`, `${name}-mixed`]
        await using io = topicIo(kafka({ brokers }))
        for (const topic of INPUTS) await io.createTopic(`${name}-${topic}`, PARTITIONS)
        for (const id of [alone, mixed]) for (const topic of OUTPUTS) await io.createTopic(`${id}-${topic}`, PARTITIONS)
        const application = (applicationId: string): ApplicationOptions => {
          return { brokers, applicationId, inputs: name, guarantee: 'exactly_once', caching: false }
        }
        await using workers = await workerGroup()
        const startMillrace = async () => {
          const settings: MemberSettings = { ...application(mixed), stateDir: workers.stateDir('millrace') }
          const member = workers.start('millrace', new URL('./member-process.ts', import.meta.url), settings)
          await member.told(({ type }) => type === 'running')
          return member
        }
        const begin = () => startJava(application(mixed), { groupProtocol: 'streams' })
        let java: JavaApplication = await begin()
        let millrace = await startMillrace()
        const check = () => {
          java.check()
          if (!millrace.running) throw new Error(`Millrace has ended: ${millrace.log()}`)
        }
        const bothHaveTasks = async () => {
          const look = async () => {
            check()
            return await membersWithTasks(brokers, mixed)
          }
          await eventually('both members with tasks', LIMIT_MS, look, count => count === 2)
        }
        const killMillrace = async () => {
          millrace.signal('SIGKILL')
          expect((await millrace.exited).signal).toBe('SIGKILL')
        }
        const input = inputOf(io, name)
        const slices = Math.floor(SLICES / (ROUNDS.length + 1))
        try {
          for (const killed of ROUNDS) {
            await bothHaveTasks()
            await input.writeSlices(slices / 3)
            const writing = input.writeSlices(slices - slices / 3)
            await setTimeout(300)
            await Promise.all([killed !== 'millrace' && java.kill(), killed !== 'java' && killMillrace()])
            await writing
            if (killed !== 'millrace') java = await begin()
            if (killed !== 'java') millrace = await startMillrace()
          }
          await bothHaveTasks()
          await input.writeSlices(SLICES)
          await processed(io, name, mixed, { check, close: () => java.close() })
          expect(await millrace.stop(STOP_MS)).toEqual({ code: 0, signal: null, inTime: true })
        } finally {
          await java.close()
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
  },
)
