import type { Plan, StorePlan } from '@millrace/core'
import { taskName } from '../task-id.ts'

/** Where the value of a key is. `KeyQueryMetadata` in Kafka Streams. */
export interface KeyQueryMetadata {
  readonly partition: number
  /** The `applicationServer` of the instance that processes the key; undefined if it has none, or the partition is being moved. */
  readonly active: string | undefined
  /** The same of the instances that have a standby. */
  readonly standbys: readonly string[]
}

/** How far a partition of a store is behind its changelog, in records. `LagInfo` in Kafka Streams. */
export interface StoreLag {
  /** The next offset of the changelog that the store does not include. */
  readonly position: number
  /** The end of the changelog. */
  readonly end: number
  readonly lag: number
}

/** What is known of the other instances. */
interface Host {
  readonly host: string
  readonly activeTasks: readonly string[]
  readonly standbyTasks: readonly string[]
}

/** The instances that have a partition of a store. A global store is on all of them. */
export function metadataOfPartition(
  plan: Plan,
  { name }: StorePlan,
  partition: number,
  hosts: readonly Host[],
): KeyQueryMetadata {
  const sub = plan.subTopologies.find(({ stores }) => stores.includes(name))
  if (sub === undefined) {
    const [first, ...others] = hosts.map(({ host }) => host)
    return { partition, active: first, standbys: others }
  }
  const task = taskName({ subTopology: sub.id, partition })
  return {
    partition,
    active: hosts.find(({ activeTasks }) => activeTasks.includes(task))?.host,
    standbys: hosts.filter(({ standbyTasks }) => standbyTasks.includes(task)).map(({ host }) => host),
  }
}
