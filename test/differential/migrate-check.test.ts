import { readFileSync } from 'node:fs'
import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { describeTopology, ManualClock, type Plan, StreamsBuilder, string, topicNaming } from '@millrace/core'
import {
  checkMigration,
  type MigrationFinding,
  type MigrationOptions,
  readDescription,
  resolveOptions,
  silentLogger,
} from '@millrace/runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededChoice } from './choice.ts'
import { DESCRIBED_TOPOLOGIES } from './described-topologies.ts'
import { generateTopology } from './generate-topology.ts'
import { interpret } from './interpreter.ts'
import { type JavaPeer, startJavaPeer } from './java-peer.ts'
import { missingJavaTools } from './missing-java-tools.ts'

/*
 * `millrace migrate check`, judged with what Kafka Streams prints and with the internal topics that it asks for
 * (packages/core/src/topology/fixtures, written by describe-java).
 */
const FIXTURES = new URL('../../packages/core/src/topology/fixtures/', import.meta.url)

interface JavaTopic {
  readonly configs: Readonly<Record<string, string>>
}

const TOPICS = JSON.parse(readFileSync(new URL('topics.json', FIXTURES), 'utf8')) as Readonly<
  Record<
    string,
    {
      readonly subTopologies: readonly {
        readonly sources: readonly string[]
        readonly repartition: Readonly<Record<string, JavaTopic>>
        readonly changelogs: Readonly<Record<string, JavaTopic>>
      }[]
    }
  >
>

const CASES = Object.entries(DESCRIBED_TOPOLOGIES)
const PARTITIONS = 3
const TEXTS = { key: string(), value: string() }
const clock = new ManualClock()

function planOf(build: (builder: StreamsBuilder) => void): Plan {
  const builder = new StreamsBuilder()
  build(builder)
  return builder.build()
}

function described(name: string) {
  return readDescription(readFileSync(new URL(`${name}.txt`, FIXTURES), 'utf8'))!
}

const client = memoryClient(new MemoryCluster({ clock }))
const OPTIONS = resolveOptions({ applicationId: 'app', client })

async function findings(
  plan: Plan,
  more: Omit<MigrationOptions, 'plan' | 'options'>,
): Promise<readonly MigrationFinding[]> {
  return (await checkMigration({ plan, options: OPTIONS, ...more })).findings
}

/** With the topics of an application of Kafka Streams that has run. */
function clusterOf(name: string, configs: Readonly<Record<string, string>> = {}): MemoryCluster {
  const cluster = new MemoryCluster({ clock })
  const made = new Set<string>()
  const make = (topic: string, of: Readonly<Record<string, string>>) => {
    if (!made.has(topic)) cluster.createTopic({ name: topic, partitions: PARTITIONS, configs: of })
    made.add(topic)
  }
  const { subTopologies } = TOPICS[name]!
  for (const { repartition, changelogs } of subTopologies) {
    for (const [topic, java] of Object.entries({ ...repartition, ...changelogs }))
      make(topic, { ...java.configs, ...configs })
  }
  for (const { sources } of subTopologies) for (const topic of sources) make(topic, {})
  cluster.groups.group('app')
  return cluster
}

function adminOf(cluster: MemoryCluster) {
  return memoryClient(cluster)({ clientId: 'check', clock, logger: silentLogger }).admin()
}

it.each(CASES)('finds nothing in %s, compared with Kafka Streams and with its topics', async (name, build) => {
  const admin = adminOf(clusterOf(name))
  const report = await checkMigration({ plan: planOf(build), options: OPTIONS, description: described(name), admin })
  expect(report.findings).toEqual([])
  const { subTopologies } = TOPICS[name]!
  const internal = subTopologies.flatMap(one => Object.keys({ ...one.repartition, ...one.changelogs }))
  expect(report.topics).toBe(new Set(internal).size)
})

it.each(CASES)('finds a difference when %s is to take over from any other application', async (name, buildOwn) => {
  const plan = planOf(buildOwn)
  const own = describeTopology(plan)
  for (const [other, build] of CASES) {
    // One topology may have two names.
    if (describeTopology(planOf(build)) === own) continue
    const found = await findings(plan, { description: described(other) })
    expect(found, `${name} in place of ${other}`).not.toEqual([])
  }
})

it.each(CASES)('sees in %s topics that Kafka Streams would not have', async (name, build) => {
  const plan = planOf(build)
  const real = topicNaming(plan, 'app')
  const changelogs = plan.stores.flatMap(({ changelog }) =>
    changelog === undefined || changelog.isSource ? [] : [real(changelog.topic)],
  )
  for (const topic of changelogs) {
    const cluster = clusterOf(name)
    cluster.deleteTopic(topic)
    const found = await findings(plan, { admin: adminOf(cluster) })
    expect(found[0]).toMatchObject({ severity: 'error' })
    expect(found[0]!.text).toMatch(/does not exist|no internal topic/)
    cluster.createTopic({
      name: topic,
      partitions: PARTITIONS + 1,
      configs: { 'cleanup.policy': 'compact,delete,x' },
    })
    const changed = await findings(plan, { admin: adminOf(cluster) })
    expect(changed.map(({ about }) => about)).toEqual(expect.arrayContaining(['partitions', 'cleanup policy']))
  }
})

it.each([
  ['classic', 'Stop all instances of Java before Millrace starts.'],
  ['streams', 'If they have group.protocol=streams, they can be replaced one by one.'],
] as const)('says of members what to do with them (%s)', async (groupProtocol, remedy) => {
  const cluster = new MemoryCluster({ clock })
  cluster.createTopic({ name: 'in', partitions: 1 })
  const nothing = () => Promise.resolve()
  const java = memoryClient(cluster)({ clientId: 'java', clock, logger: silentLogger })
  const member = java.groupConsumer({ groupId: 'app', isolationLevel: 'read_committed', sessionTimeoutMs: 6000 })
  member.subscribe({
    topics: ['in'],
    assignor: { name: 'stream', userData: () => new Uint8Array(), assign: () => Promise.resolve(new Map()) },
    listener: { onAssigned: nothing, onRevoked: nothing, onLost: nothing },
  })
  await member.poll(0)
  const plan = planOf(builder => builder.stream('in', TEXTS).foreach(() => undefined))
  const options = resolveOptions({ applicationId: 'app', client, groupProtocol })
  const { findings: found } = await checkMigration({ plan, options, admin: java.admin() })
  expect(found).toEqual([
    { severity: 'note', about: 'group', text: 'The group has 1 member.', remedy: expect.stringContaining(remedy) },
  ])
  await java.close()
})

it('takes other sub-topologies for an error where the broker compares them', async () => {
  const plan = planOf(builder => {
    builder.stream('a', TEXTS).to('b', TEXTS)
    builder.stream('c', TEXTS).to('d', TEXTS)
  })
  const java = describeTopology(plan).replace('Sub-topology: 0', 'Sub-topology: 2')
  const severities = await Promise.all(
    (['classic', 'streams'] as const).map(async groupProtocol => {
      const options = resolveOptions({ applicationId: 'app', client, groupProtocol })
      const { findings: found } = await checkMigration({ plan, options, description: readDescription(java)! })
      return found.map(({ severity, about }) => `${severity} ${about}`)
    }),
  )
  expect(severities).toEqual([['warning sub-topologies'], ['error sub-topologies']])
})

it.each([
  [true, "build with { optimization: 'all' } or ['merge.repartition.topics']"],
  [false, "build without 'merge.repartition.topics'"],
])('says that Java merges repartition topics, or does not (%s)', async (inJava, remedy) => {
  const build = (optimization: 'all' | 'none') => {
    const builder = new StreamsBuilder()
    const keyed = builder.stream('in', TEXTS).selectKey(value => value)
    keyed.groupByKey(TEXTS).count().toStream()
    keyed.groupByKey(TEXTS).count()
    return builder.build({ optimization })
  }
  const java = describeTopology(build(inJava ? 'all' : 'none'))
  const found = await findings(build(inJava ? 'none' : 'all'), { description: readDescription(java)! })
  expect(found.find(({ about }) => about === 'optimization')?.remedy).toContain(remedy)
})

const missing = await missingJavaTools()

describe('against Kafka Streams', { timeout: 240_000 }, () => {
  let java: JavaPeer | undefined
  beforeAll(async () => {
    if (missing === undefined) java = await startJavaPeer()
  }, 240_000)
  afterAll(() => java?.close())

  it('finds nothing in random topologies, and a difference where Java optimizes and its description differs', async context => {
    if (java === undefined) return context.skip(missing ?? '')
    let [equal, optimized] = [0, 0]
    for (let seed = 1; seed <= 100; seed++) {
      const spec = generateTopology(seededChoice(seed))
      const plan = attempt(() => interpret(spec))
      const text = plan && (await java.describe(spec).catch(() => undefined))
      if (plan === undefined || text === undefined) continue
      const found = await findings(plan, { description: readDescription(text)! })
      expect(
        found.filter(({ severity }) => severity !== 'note'),
        `seed ${seed}\n${text}`,
      ).toEqual([])
      equal++
      const other = await java.describe(spec, { optimization: 'all' }).catch(() => undefined)
      if (other === undefined || sorted(other) === sorted(text)) continue
      const differing = await findings(plan, { description: readDescription(other)! })
      expect(differing.length, `seed ${seed}\n${other}`).toBeGreaterThan(0)
      optimized++
    }
    expect(equal).toBeGreaterThan(50)
    expect(optimized).toBeGreaterThan(0)
  })
})

function attempt(build: () => Plan): Plan | undefined {
  try {
    return build()
  } catch {
    return undefined
  }
}

/** Java prints the lists within a line in the order of its hash tables. */
function sorted(text: string): string {
  return JSON.stringify(readDescription(text))
}
