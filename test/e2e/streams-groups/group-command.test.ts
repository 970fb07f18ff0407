import { isDeepStrictEqual } from 'node:util'
import { sharedKafka } from '@millrace/dev-kafka'
import { kafka } from 'millrace'
import { describe, expect, it, onTestFinished } from 'vitest'
import { missingJavaTools } from '../../differential/missing-java-tools.ts'
import { skipWithoutStreamsGroups } from '../../release-limits.ts'
import { eventually, topicIo } from '../../topic-io.ts'
import { parts } from '../java-takeover/inputs.ts'
import { startJava } from '../java-takeover/java-application.ts'
import { startMillrace } from '../java-takeover/millrace-application.ts'
import { INPUTS, OUTPUTS } from '../java-takeover/shop.ts'
import { describedByCommand, describedTopology } from './kafka-tools.ts'

const missing = process.env['CI'] === undefined ? await missingJavaTools() : undefined
if (missing !== undefined) console.log(`skipped: ${missing}, so Kafka's tools cannot be run`)

const LIMIT_MS = 120_000
const PARTITIONS = 2

/**
 * With it, two topics that are joined are in one bucket of Java's hash sets, where their order is that of the source nodes: one name in sixteen
 * is such a name.
 */
function collidingName(prefix: string): string {
  const bucketOf = (text: string) => {
    let hash = 0
    for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
    return (hash ^ (hash >>> 16)) & 15
  }
  for (let n = 0; ; n++) {
    const name = `${prefix}-${n}`
    if (bucketOf(`${name}-clicks`) === bucketOf(`${name}-rates`)) return name
  }
}

describe.skipIf(missing !== undefined)('a streams group of Millrace, beside one of Kafka Streams', () => {
  it(
    "has the same topology, and Kafka's own StreamsGroupCommand describes its members, tasks and lags alike",
    async context => {
      skipWithoutStreamsGroups(context)
      const { brokers } = await sharedKafka()
      const name = collidingName(`groups-${Date.now().toString(36)}`)
      await using io = topicIo(kafka({ brokers }))
      const ids = { java: `${name}-java`, millrace: `${name}-ours` }
      for (const topic of INPUTS) await io.createTopic(`${name}-${topic}`, PARTITIONS)
      for (const id of Object.values(ids))
        for (const topic of OUTPUTS) await io.createTopic(`${id}-${topic}`, PARTITIONS)
      const [input] = parts(1, PARTITIONS)
      for (const topic of INPUTS) await io.produce(`${name}-${topic}`, input![topic])
      const options = (applicationId: string) =>
        ({ brokers, applicationId, inputs: name, guarantee: 'at_least_once', caching: true }) as const
      const running = [
        await startJava(options(ids.java), { groupProtocol: 'streams' }),
        await startMillrace(options(ids.millrace), { groupProtocol: 'streams' }),
      ]
      onTestFinished(async () => {
        for (const application of running) await application.close()
      })
      for (const id of Object.values(ids)) {
        const left = async () => {
          for (const application of running) application.check()
          const counts = await Promise.all(INPUTS.map(topic => io.unprocessed(id, `${name}-${topic}`)))
          return counts.reduce((sum, count) => sum + count, 0)
        }
        await eventually(`the input of ${id}`, LIMIT_MS, left, count => count === 0)
      }

      const same = (id: string, text: string) => text.replaceAll(id, 'APPLICATION')
      const topologies = await Promise.all(
        Object.values(ids).map(async id => (await describedTopology(brokers, id)).map(line => same(id, line))),
      )
      expect(topologies[1]).toEqual(topologies[0])
      expect(topologies[0]!.length).toBeGreaterThan(10)

      const said = async (what: '--state' | '--members' | '--offsets') => {
        const groups: (readonly Readonly<Record<string, string>>[])[] = []
        for (const id of Object.values(ids)) {
          const rows = await describedByCommand(brokers, id, what)
          groups.push(rows.map(row => JSON.parse(same(id, JSON.stringify(row))) as Record<string, string>))
        }
        return groups as [Record<string, string>[], Record<string, string>[]]
      }
      const [javaMembers, ourMembers] = await said('--members')
      const facts = ['GROUP', 'TOPOLOGY-EPOCH', 'MEMBER-PROTOCOL', 'ASSIGNMENTS'] as const
      const known = (rows: readonly Record<string, string>[]) =>
        rows.map(row => Object.fromEntries(facts.map(fact => [fact, row[fact]])))
      expect(known(ourMembers)).toEqual(known(javaMembers))
      expect(known(javaMembers)[0]).toMatchObject({ 'MEMBER-PROTOCOL': 'streams' })
      expect(Object.keys(ourMembers[0]!)).toEqual(Object.keys(javaMembers[0]!))

      const lags = (rows: readonly Record<string, string>[]) =>
        rows.map(row => `${row['TOPIC']}-${row['PARTITION']} ${row['OFFSET-LAG']}`).sort()
      // Their inputs are processed by now. What they have written to topics of their own is processed in a while.
      const [javaLags, ourLags] = await eventually(
        'the same lags',
        LIMIT_MS,
        async () => (await said('--offsets')).map(lags),
        ([java, ours]) => isDeepStrictEqual(java, ours),
      )
      expect(ourLags).toEqual(javaLags)
      expect(ourLags!.length).toBeGreaterThanOrEqual(INPUTS.length * PARTITIONS)

      const [[javaState], [ourState]] = await said('--state')
      expect([ourState!['STATE'], ourState!['#MEMBERS']]).toEqual([javaState!['STATE'], javaState!['#MEMBERS']])
      expect(ourState!['STATE']).toBe('Stable')

      // A group keeps its topology, so this one is taken in only if nothing of it differs, co-partition groups included.
      for (const application of running.splice(0)) await application.close()
      running.push(await startMillrace(options(ids.java), { groupProtocol: 'streams' }))
      const takenOver = await describedByCommand(brokers, ids.java, '--members')
      expect(
        known(takenOver.map(row => JSON.parse(same(ids.java, JSON.stringify(row))) as Record<string, string>)),
      ).toEqual(known(javaMembers))
    },
    LIMIT_MS * 4,
  )
})
