import {
  type Admin,
  type Clock,
  mergedPosition,
  type Plan,
  type Position,
  topicNaming,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@millrace/core'
import { type TaskId, taskName } from '../task-id.ts'

/** The input that a changelog includes from an offset on. */
interface Milestone {
  /** By changelog, the next offset that a store must have reached. */
  readonly ends: ReadonlyMap<string, number>
  readonly inputs: Position
}

export interface StandbyPositionsOptions {
  readonly plan: () => Plan
  readonly applicationId: string
  readonly admin: Admin
  readonly clock: Clock
}

/** How many milestones of a task are kept: one that is not reached yet must not push out those that are. */
const KEPT = 32
/** How old the newest milestone may be before a query asks for another one, which it does not wait for. */
const STALE_MS = 1000

/**
 * What the state of a standby includes of the task's input. The changelog does not say it. But a task commits its input after all
 * changes that result from it are in the changelog; so a store that has read its changelog up to an end that was asked for after a
 * committed offset includes what is before this offset (ADR 25).
 */
export class StandbyPositions {
  readonly #with: StandbyPositionsOptions
  readonly #tasks = new Map<string, { milestones: Milestone[]; askedAt: number; asking: Promise<void> | undefined }>()

  constructor(options: StandbyPositionsOptions) {
    this.#with = options
  }

  /** What a store includes at least whose changelog is read up to `position`. */
  at(task: TaskId, changelog: string, position: number): Position {
    const reached = (this.#tasks.get(taskName(task))?.milestones ?? []).filter(
      ({ ends }) => (ends.get(changelog) ?? Infinity) <= position,
    )
    return mergedPosition(...reached.map(({ inputs }) => inputs))
  }

  /** Asks the broker for the next milestone, unless this has just been done. Resolves at once if one is known already. */
  async refresh(task: TaskId): Promise<void> {
    const name = taskName(task)
    const known = this.#tasks.get(name) ?? { milestones: [], askedAt: -Infinity, asking: undefined }
    this.#tasks.set(name, known)
    const { clock } = this.#with
    if (known.asking === undefined && clock.monotonic() - known.askedAt >= STALE_MS) void this.#ask(task, known)
    if (known.milestones.length === 0) await known.asking
  }

  /** Asks for a milestone and waits for it. */
  async renew(task: TaskId): Promise<void> {
    const name = taskName(task)
    const known = this.#tasks.get(name) ?? { milestones: [], askedAt: -Infinity, asking: undefined }
    this.#tasks.set(name, known)
    await known.asking
    await this.#ask(task, known)
  }

  #ask(
    task: TaskId,
    known: { milestones: Milestone[]; askedAt: number; asking: Promise<void> | undefined },
  ): Promise<void> {
    known.askedAt = this.#with.clock.monotonic()
    const asking = this.#milestone(task)
      .then(milestone => {
        known.milestones = [...known.milestones, milestone].slice(-KEPT)
      })
      // The broker is away: the positions stay as they are known, which understates them.
      .catch(() => undefined)
      .finally(() => {
        known.asking = undefined
      })
    known.asking = asking
    return asking
  }

  async #milestone({ subTopology, partition }: TaskId): Promise<Milestone> {
    const { admin, applicationId } = this.#with
    const plan = this.#with.plan()
    const real = topicNaming(plan, applicationId)
    const sub = plan.subTopologies.find(({ id }) => id === subTopology)!
    const at = (topics: readonly string[]): TopicPartition[] => topics.map(topic => ({ topic: real(topic), partition }))
    const changelogs = plan.stores
      .filter(({ name }) => sub.stores.includes(name))
      .flatMap(({ changelog }) => changelog ?? [])
    // In this order: an end that was asked for before would not include what is committed later.
    const committed = await admin.committedOffsets(applicationId, at(sub.sourceTopics), 'omit')
    const ends = await admin.latestOffsets(at(changelogs.filter(({ isSource }) => !isSource).map(({ topic }) => topic)))
    const sources = changelogs.filter(({ isSource }) => isSource).map(({ topic }) => real(topic))
    return {
      // A source topic that serves as a changelog is applied as far as it is processed.
      ends: new Map([...ends, ...committed.filter(({ topic }) => sources.includes(topic))].map(toEntry)),
      inputs: committed.map(({ topic, partition: of, offset }) => ({ topic, partition: of, offset: offset - 1 })),
    }
  }
}

function toEntry({ topic, offset }: TopicPartitionOffset): readonly [string, number] {
  return [topic, offset]
}
