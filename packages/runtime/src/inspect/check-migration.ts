import { type Admin, describeTopology, type Plan } from '@millrace/core'
import type { ResolvedOptions } from '../config/options.ts'
import { compareDescriptions } from './compare-descriptions.ts'
import { compareTopics } from './compare-topics.ts'
import { readDescription, type TopologyDescription } from './topology-description.ts'

/** Something that is not as it was in Java. */
export interface MigrationFinding {
  /**
   * `error`: state, records or offsets would be lost, or the start refused. `warning`: somebody has to look at it. `note`: it changes
   * nothing.
   */
  readonly severity: 'error' | 'warning' | 'note'
  readonly about:
    | 'stores'
    | 'repartition topics'
    | 'source topics'
    | 'output topics'
    | 'sub-topologies'
    | 'operators'
    | 'optimization'
    | 'internal topics'
    | 'partitions'
    | 'cleanup policy'
    | 'retention'
    | 'group'
  readonly text: string
  /** What to do about it. */
  readonly remedy: string
}

export interface MigrationReport {
  readonly applicationId: string
  /** Whether a description of Java was compared. */
  readonly described: boolean
  /** Internal topics that are there as they have to be. Undefined without a look at Kafka. */
  readonly topics: number | undefined
  readonly findings: readonly MigrationFinding[]
}

export interface MigrationOptions {
  readonly plan: Plan
  readonly options: Pick<
    ResolvedOptions,
    'applicationId' | 'groupProtocol' | 'maxRequestBytes' | 'windowedChangelogExtraMs'
  >
  /** What the Java application prints. @default nothing to compare with */
  readonly description?: TopologyDescription
  /** @default Kafka is not asked */
  readonly admin?: Admin
}

/** Compares a topology with the Java application that it is to take over, and with its topics. It changes nothing. */
export async function checkMigration({
  plan,
  options,
  description,
  admin,
}: MigrationOptions): Promise<MigrationReport> {
  const { applicationId, groupProtocol } = options
  const ours = readDescription(describeTopology(plan))!
  const topology = description === undefined ? [] : compareDescriptions(description, ours, groupProtocol)
  const topics = admin === undefined ? undefined : await compareTopics({ plan, admin, ...options })
  return {
    applicationId,
    described: description !== undefined,
    topics: topics?.equal,
    findings: [...topology, ...(topics?.findings ?? [])],
  }
}
