import {
  isMillraceError,
  type Logger,
  memoryStore,
  millraceError,
  type StoreBackend,
  type StoreChanges,
  type TaskState,
  type TopicPartitionOffset,
} from '@millrace/core'
import { indexName } from '../expiry/expiry-index.ts'
import { emptyWhereLayoutChanged } from './layout-marker.ts'
import type { TaskStorePlan } from './task-store-plan.ts'

export interface BackendsOptions {
  readonly stores: readonly TaskStorePlan[]
  readonly partition: number
  /** For stores that are not of type `memory`. */
  readonly persistent: StoreBackend
  readonly directory: string
  readonly logger: Logger
  /** How many threads share the memory of the backend. @default 1 */
  readonly threads?: number
  /** Moves a corrupt directory aside. The stores in it then start empty. */
  readonly recover: (directory: string, cause: unknown) => Promise<void>
}

/** One database of a task and the stores in it. */
export interface OpenDatabase {
  readonly backend: StoreBackend
  readonly state: TaskState
  readonly stores: readonly TaskStorePlan[]
}

/** The databases of a task's stores: one on the application's backend, one in memory. They know their changelog positions. */
export class StoreBackends {
  readonly databases: readonly OpenDatabase[]
  /** By changelog, the position of the last write that has ended. */
  readonly #positions = new Map<string, number>()

  private constructor(databases: readonly OpenDatabase[]) {
    this.databases = databases
  }

  static async open({ stores, partition, persistent, directory, logger, threads = 1, recover }: BackendsOptions) {
    const groups: readonly [StoreBackend, readonly TaskStorePlan[]][] = [
      [persistent, stores.filter(({ plan }) => plan.type !== 'memory')],
      [memoryStore(), stores.filter(({ plan }) => plan.type === 'memory')],
    ]
    const opened: OpenDatabase[] = []
    for (const [backend, own] of groups) {
      if (own.length === 0) continue
      const open = () => backend.open({ directory, stores: own.flatMap(keySpacesOf), logger, threads })
      let state: TaskState
      try {
        state = await open()
      } catch (error) {
        if (!isMillraceError(error) || error.code !== 'MILLRACE_STORE_CORRUPT') {
          await Promise.all(opened.map(other => other.state.close()))
          throw error
        }
        await recover(directory, error)
        state = await open()
      }
      await emptyWhereLayoutChanged(state, own, partition, logger)
      opened.push({ backend, state, stores: own })
    }
    const backends = new StoreBackends(opened)
    backends.#moved(await backends.positions())
    return backends
  }

  /** The sum of the positions in the changelogs of these stores. */
  positionOf(stores: readonly TaskStorePlan[]): number {
    return stores.reduce((sum, { changelogTopic }) => sum + (this.#positions.get(changelogTopic ?? '') ?? 0), 0)
  }

  /** The same of one changelog. */
  positionIn(changelog: string): number {
    return this.#positions.get(changelog) ?? 0
  }

  /** Positions of the changelogs, as of the last write. */
  async positions(): Promise<readonly TopicPartitionOffset[]> {
    return (await Promise.all(this.databases.map(({ state }) => state.offsets()))).flat()
  }

  async write(
    { state }: OpenDatabase,
    changes: readonly StoreChanges[],
    positions: readonly TopicPartitionOffset[],
  ): Promise<void> {
    const empty = changes.every(({ keys, deleteRanges }) => keys.length === 0 && deleteRanges === undefined)
    if (!empty || positions.length > 0) await state.write(changes, positions)
    this.#moved(positions)
  }

  /** @throws MILLRACE_STORE_UNKNOWN */
  databaseOf(store: string): OpenDatabase {
    const database = this.databases.find(({ stores }) => stores.some(({ plan }) => plan.name === store))
    if (database === undefined) throw millraceError('MILLRACE_STORE_UNKNOWN', { store })
    return database
  }

  /** Returns the stores whose state stays on disk. */
  async close(): Promise<readonly TaskStorePlan[]> {
    for (const { state } of this.databases) await state.close()
    return this.databases.filter(({ backend }) => backend.capabilities.durable).flatMap(({ stores }) => stores)
  }

  #moved(positions: readonly TopicPartitionOffset[]): void {
    for (const { topic, offset } of positions) this.#positions.set(topic, offset)
  }
}

function keySpacesOf({ plan }: TaskStorePlan): readonly string[] {
  return plan.ttlMs === undefined ? [plan.name] : [plan.name, indexName(plan.name)]
}
