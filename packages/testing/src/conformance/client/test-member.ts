import assert from 'node:assert/strict'
import {
  type Assignor,
  type GroupConsumer,
  type GroupConsumerOptions,
  isMillraceError,
  type KafkaClient,
  type MemberAssignment,
  type TopicPartition,
} from '@millrace/core'
import type { ClientHarness } from './client-harness.ts'
import { seekToCommitted } from './poll-until.ts'
import { recordsOf, type ReadRecord } from './record-io.ts'

export interface TestMemberOptions extends Partial<GroupConsumerOptions> {
  readonly groupId: string
  /** Topic → partitions, for the member that leads. */
  readonly topics: Readonly<Record<string, number>>
  /** What it tells the leader. */
  readonly userData?: () => string
  readonly client?: KafkaClient
  /** Whether it seeks what it is assigned to the committed offset, or 0. @default true */
  readonly seeks?: boolean
}

/** A group member that writes down what happens to it. */
export class TestMember {
  readonly consumer: GroupConsumer
  readonly records: ReadRecord[] = []
  /** Every callback, as `assigned 0,1`, in order. */
  readonly events: string[] = []
  /** What it has now, undefined before the first assignment and after all was revoked. */
  assigned: readonly TopicPartition[] | undefined
  /** The leader's word in the last assignment. */
  userData = ''
  /** Runs inside the callbacks. */
  onAssigned: () => Promise<void> = async () => {}
  onRevoked: () => Promise<void> = async () => {}
  /** Runs when it leads and assigns. */
  onAssign: () => Promise<void> = async () => {}
  #polling = false
  readonly #options: TestMemberOptions

  constructor(harness: ClientHarness, options: TestMemberOptions) {
    this.#options = options
    const { sessionTimeoutMs, heartbeatIntervalMs, rebalanceTimeoutMs } = harness.timings
    const { topics: _topics, userData: _userData, client, seeks: _seeks, ...group } = options
    this.consumer = (client ?? harness.client()).groupConsumer({
      isolationLevel: 'read_committed',
      sessionTimeoutMs,
      heartbeatIntervalMs,
      rebalanceTimeoutMs,
      ...group,
    })
    this.subscribe(options.topics)
  }

  subscribe(topics: Readonly<Record<string, number>>): void {
    this.consumer.subscribe({
      topics: Object.keys(topics),
      assignor: evenAssignor(
        topics,
        () => ({ says: this.#options.userData?.() ?? '', holds: (this.assigned ?? []).map(nameOf) }),
        () => this.onAssign(),
      ),
      listener: {
        onAssigned: async (partitions, userData) => {
          this.#called('assigned', partitions)
          this.assigned = [...(this.assigned ?? []), ...partitions]
          this.userData = Buffer.from(userData).toString()
          await this.onAssigned()
          if (this.#options.seeks !== false) await seekToCommitted(this.consumer, partitions)
        },
        onRevoked: async partitions => {
          this.#called('revoked', partitions)
          await this.onRevoked()
          const gone = partitions.map(nameOf)
          const rest = (this.assigned ?? []).filter(partition => !gone.includes(nameOf(partition)))
          this.assigned = rest.length === 0 ? undefined : rest
        },
        onLost: async partitions => {
          this.#called('lost', partitions)
          this.assigned = undefined
        },
      },
    })
  }

  get partitions(): readonly number[] {
    return (this.assigned ?? []).map(({ partition }) => partition).sort((a, b) => a - b)
  }

  async poll(maxWaitMs = 50): Promise<void> {
    this.#polling = true
    try {
      for (const record of recordsOf(await this.consumer.poll(maxWaitMs))) this.records.push(record)
    } catch (error) {
      // As the coordinator of a broker that has just started: like every owner it polls again.
      if (!isMillraceError(error, 'retriable')) throw error
    } finally {
      this.#polling = false
    }
  }

  #called(event: string, partitions: readonly TopicPartition[]): void {
    assert.ok(this.#polling, `${event} runs inside poll only`)
    this.events.push(
      `${event} ${partitions
        .map(({ partition }) => partition)
        .sort((a, b) => a - b)
        .join()}`,
    )
  }
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}

interface MemberWord {
  readonly says: string
  /** What it has not given back. */
  readonly holds: readonly string[]
}

/**
 * All partitions in order, in turn to each member by id, but to nobody what another holds. What a member says comes back to it,
 * and tells how many there are.
 */
function evenAssignor(
  topics: Readonly<Record<string, number>>,
  word: () => MemberWord,
  onAssign: () => Promise<void>,
): Assignor {
  return {
    name: 'even',
    userData: () => Buffer.from(JSON.stringify(word())),
    async assign(members) {
      await onAssign()
      const ids = members.map(({ memberId }) => memberId).sort()
      const words = new Map(
        members.map(({ memberId, userData }) => [memberId, JSON.parse(Buffer.from(userData).toString()) as MemberWord]),
      )
      const isFree = (partition: TopicPartition, memberId: string) =>
        ids.every(other => other === memberId || !words.get(other)!.holds.includes(nameOf(partition)))
      const partitions = Object.entries(topics).flatMap(([topic, count]) =>
        Array.from({ length: count }, (_, partition) => ({ topic, partition })),
      )
      return new Map<string, MemberAssignment>(
        members.map(({ memberId }) => [
          memberId,
          {
            partitions: partitions.filter(
              (partition, index) => ids[index % ids.length] === memberId && isFree(partition, memberId),
            ),
            userData: Buffer.from(`${words.get(memberId)!.says} of ${members.length}`),
          },
        ]),
      )
    },
  }
}
