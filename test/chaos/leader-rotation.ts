import { setTimeout } from 'node:timers/promises'
import { Kafka, logLevel } from 'kafkajs'

/** Broker settings under which brokers lead what they are the preferred leader of within seconds, and not within minutes. */
export const QUICK_LEADERS = { 'leader.imbalance.check.interval.seconds': '3' }

const ROTATION_MS = 50_000

/** Moves the leaders of a cluster in which each partition has several replicas. */
export interface LeaderRotation extends AsyncDisposable {
  /**
   * Gives each partition of each topic, Kafka's own included, another leader: the next of its replicas.
   *
   * @returns the number of partitions that have moved
   * @throws when they have not moved in time
   */
  rotate(): Promise<number>
}

/** Over kafkajs, since Millrace's own client has no requests for this. */
export async function leaderRotation(brokers: string): Promise<LeaderRotation> {
  const kafka = new Kafka({
    brokers: brokers.split(','),
    clientId: 'leader-rotation',
    logLevel: logLevel.NOTHING,
    retry: { retries: 12 },
  })
  const admin = kafka.admin()
  await admin.connect()
  const topics = async () => (await admin.fetchTopicMetadata()).topics
  return {
    async rotate() {
      const wanted = (await topics()).map(({ name, partitions }) => ({
        topic: name,
        partitionAssignment: partitions.map(({ partitionId, leader, replicas }) => {
          const at = replicas.indexOf(leader) + 1
          return { partition: partitionId, replicas: [...replicas.slice(at), ...replicas.slice(0, at)] }
        }),
      }))
      await admin.alterPartitionReassignments({ topics: wanted })
      const count = wanted.reduce((sum, { partitionAssignment }) => sum + partitionAssignment.length, 0)
      const until = Date.now() + ROTATION_MS
      for (;;) {
        const leaders = new Map(
          (await topics()).flatMap(({ name, partitions }) =>
            partitions.map(({ partitionId, leader }) => [`${name}-${partitionId}`, leader] as const),
          ),
        )
        const late = wanted.flatMap(({ topic, partitionAssignment }) =>
          partitionAssignment.filter(({ partition, replicas }) => leaders.get(`${topic}-${partition}`) !== replicas[0]),
        )
        if (late.length === 0) return count
        if (Date.now() > until) throw new Error(`${late.length} of ${count} partitions have not got their new leader`)
        await setTimeout(500)
      }
    },
    async [Symbol.asyncDispose]() {
      await admin.disconnect()
    },
  }
}
