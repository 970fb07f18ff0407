import type { Deadlines } from '../time/deadlines.ts'
import { Group } from './group.ts'
import type { ClusterTopics } from './streams-group.ts'

export interface GroupCoordinatorOptions {
  readonly deadlines: Deadlines
  readonly random: () => number
  readonly topics: ClusterTopics
  readonly numStandbyReplicas: () => number
}

/** All groups of a cluster, made at their first mention. */
export class GroupCoordinator {
  readonly #options: GroupCoordinatorOptions
  readonly #groups = new Map<string, Group>()
  #members = 0

  constructor(options: GroupCoordinatorOptions) {
    this.#options = options
  }

  group(id: string): Group {
    const known = this.#groups.get(id)
    if (known !== undefined) return known
    const group = new Group({
      id,
      deadlines: this.#options.deadlines,
      newMemberId: clientId => this.newMemberId(clientId),
      streams: this.#options,
    })
    this.#groups.set(id, group)
    return group
  }

  /** Without making one. */
  find(id: string): Group | undefined {
    return this.#groups.get(id)
  }

  delete(id: string): void {
    this.#groups.delete(id)
  }

  all(): readonly Group[] {
    return [...this.#groups.values()]
  }

  /** The random part comes first of what differs, so that the order of ids says nothing about who came first. */
  newMemberId(clientId: string): string {
    const random = Math.floor(this.#options.random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0')
    return `${clientId}-${random}-${++this.#members}`
  }
}
