import { type CommittedOffset, topicNaming } from '@millrace/core'
import { checkMigration, type MigrationFinding, resolveOptions } from '@millrace/runtime'
import { silentLogger, systemClock } from 'millrace'
import { clientUnderTest } from '../client-under-test.ts'
import { eventually, type ReadRecord, type TopicIo, topicIo } from '../../topic-io.ts'
import type { Application, ApplicationOptions } from './application.ts'
import { parts } from './inputs.ts'
import { startJava } from './java-application.ts'
import { startMillrace } from './millrace-application.ts'
import { INPUTS, OUTPUTS, shop } from './shop.ts'

export interface TakeoverOptions {
  readonly brokers: string
  /** Prefix of all topics and applications. */
  readonly name: string
  readonly seed: number
  readonly partitions: number
  readonly guarantee: ApplicationOptions['guarantee']
  readonly caching: boolean
  /** Who runs the application in each of the three parts. */
  readonly engines: readonly ['java' | 'millrace', 'java' | 'millrace', 'java' | 'millrace']
}

/** What an application has left in Kafka. */
export interface Left {
  /** By name without the application id: outputs, changelogs and repartition topics. */
  readonly topics: ReadonlyMap<string, readonly ReadRecord[]>
  /** By the end of each part, or of the one that there was. */
  readonly committed: readonly (readonly CommittedOffset[])[]
  /** By the end of each part, how many records each store that holds records back had: in {@link BUFFERS}' order. */
  readonly waiting: readonly (readonly number[])[]
}

/** Changelogs of the stores that hold records back: until a window closes, and until late versions of a table have come. */
const BUFFERS = ['until-final-store-changelog', 'rated-Buffer-changelog'] as const

/** Against hanging only: it starts a JVM, on a machine that may be busy with other tests. */
const LIMIT_MS = 300_000

/**
 * Runs the shop twice on the same input: in three parts, handed from engine to engine, each with a fresh state directory, and
 * in Java without interruption.
 */
export async function takeOver(options: TakeoverOptions): Promise<{
  readonly uninterrupted: Left
  readonly handedOver: Left
  readonly findings: readonly MigrationFinding[]
}> {
  const { brokers, name, partitions, guarantee, caching, engines } = options
  await using io = topicIo(clientUnderTest(brokers))
  const admin = clientUnderTest(brokers)({ clientId: name, clock: systemClock, logger: silentLogger }).admin()
  const application = (applicationId: string): ApplicationOptions => ({
    brokers,
    applicationId,
    inputs: name,
    guarantee,
    caching,
  })
  const alone = `${name}-alone`
  const handed = `${name}-handed`
  for (const topic of INPUTS) await io.createTopic(`${name}-${topic}`, partitions)
  for (const id of [alone, handed]) for (const topic of OUTPUTS) await io.createTopic(`${id}-${topic}`, partitions)
  const input = parts(options.seed, partitions)
  const committed: (readonly CommittedOffset[])[] = []
  const waiting: (readonly number[])[] = []
  const findings: MigrationFinding[] = []
  const run = async (engine: 'java' | 'millrace', applicationId: string) => {
    const start = engine === 'java' ? startJava : startMillrace
    const running = await start(application(applicationId))
    try {
      await processed(io, name, applicationId, running)
    } finally {
      await running.close()
    }
    return await admin.committedOffsets(applicationId, inputPartitions(name, partitions))
  }
  try {
    for (const [part, engine] of engines.entries()) {
      for (const topic of INPUTS) await io.produce(`${name}-${topic}`, input[part]![topic])
      committed.push(await run(engine, handed))
      waiting.push(await waitingRecords(io, handed))
      if (engine === 'java') {
        const settings = resolveOptions({ applicationId: handed, client: clientUnderTest(brokers) })
        const report = await checkMigration({ plan: shop(name, handed), options: settings, admin })
        findings.push(...report.findings)
      }
    }
    // Last, so that each record is there when a task chooses which topic's is next.
    const atEnd = await run('java', alone)
    return {
      uninterrupted: {
        topics: await topicsOf(io, name, alone),
        committed: [atEnd],
        waiting: [await waitingRecords(io, alone)],
      },
      handedOver: { topics: await topicsOf(io, name, handed), committed, waiting },
      findings,
    }
  } finally {
    await admin.close()
  }
}

function inputPartitions(name: string, partitions: number) {
  return INPUTS.flatMap(topic =>
    Array.from({ length: partitions }, (_, partition) => ({ topic: `${name}-${topic}`, partition })),
  )
}

/** Waits until nothing is left to process in any input or repartition topic. */
export async function processed(
  io: TopicIo,
  name: string,
  applicationId: string,
  application: Application,
): Promise<void> {
  const plan = shop(name, applicationId)
  const real = topicNaming(plan, applicationId)
  const sources = plan.subTopologies.flatMap(({ sourceTopics }) => sourceTopics.map(real))
  const left = async () => {
    application.check()
    let sum = 0
    for (const topic of sources) {
      // Repartition topics are made when the application starts.
      sum += await io.unprocessed(applicationId, topic).catch(() => Number.POSITIVE_INFINITY)
      if (sum > 0) break
    }
    return sum
  }
  const none = (count: number) => count === 0
  await eventually(`${applicationId} processes everything`, LIMIT_MS, left, none)
  // A record may have been on its way from a topic looked at late to one looked at early.
  await eventually(`${applicationId} processes everything`, LIMIT_MS, left, none)
}

export async function topicsOf(io: TopicIo, name: string, applicationId: string): Promise<Left['topics']> {
  const plan = shop(name, applicationId)
  const real = topicNaming(plan, applicationId)
  const changelogs = plan.stores.flatMap(({ changelog }) =>
    changelog === undefined || changelog.isSource ? [] : [changelog.topic],
  )
  const internal = [...changelogs, ...plan.repartitionTopics.map(topic => topic.name)]
  const topics = [
    ...OUTPUTS.map(topic => [topic, `${applicationId}-${topic}`] as const),
    ...internal.map(topic => [topic, real(topic)] as const),
  ]
  return new Map(await Promise.all(topics.map(async ([short, topic]) => [short, await io.readAll(topic)] as const)))
}

async function waitingRecords(io: TopicIo, applicationId: string): Promise<readonly number[]> {
  const last = BUFFERS.map(async buffer => {
    const keys = new Map<string, boolean>()
    for (const { partition, key, value } of await io.readAll(`${applicationId}-${buffer}`)) {
      keys.set(`${partition} ${key!.toString('hex')}`, value !== null)
    }
    return [...keys.values()].filter(isThere => isThere).length
  })
  return await Promise.all(last)
}
