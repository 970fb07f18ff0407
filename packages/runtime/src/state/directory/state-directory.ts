import type { Logger } from '@millrace/core'
import type { TaskClaims } from './task-claims.ts'

/** Where an instance keeps state on disk. */
export interface StateDirectory {
  /** Stays the same over restarts with the same directory. */
  readonly processId: string
  taskDirectory(task: string): string
  /** Puts what is there out of the way, and keeps the newest three of a task; the next open starts empty. Its store must be closed. */
  moveAside(directory: string, cause: unknown): Promise<void>
  /** Names of the tasks whose state is here. */
  taskNames(): Promise<readonly string[]>
  /** What a task left here; its store must be closed. */
  deleteTaskDirectory(task: string): Promise<void>
  /** What `writeTopology` has kept; undefined where nothing was, or it cannot be read. */
  readTopology(): Promise<unknown>
  /** Keeps what JSON can hold about the topology whose state is here. */
  writeTopology(outline: unknown): Promise<void>
  /**
   * Numbers of the threads, from 2 on, that earlier runs have had here and that may have left a transaction open: each has a
   * transactional id of its own.
   */
  readonly leftBehind: readonly number[]
  /** Keeps for the next run that there are threads up to this number. */
  keepThreads(threads: number): Promise<void>
  /** Where several members of a process share the directory. @default it belongs to one member */
  readonly claims?: TaskClaims
  /** Where it is, for messages. */
  readonly path: string
  /** Lets other processes have the directory. */
  close(): Promise<void>
}

/** @throws MILLRACE_STORE_LOCKED while another process uses it; MILLRACE_STORE_FORMAT when a later version of Millrace wrote it */
export type OpenStateDirectory = (options: {
  readonly stateDir: string
  readonly applicationId: string
  readonly logger: Logger
}) => Promise<StateDirectory>

/** For stores that are not kept: no directory at all. */
export function transientDirectory(processId: string): StateDirectory {
  return {
    processId,
    path: 'memory',
    readTopology: async () => undefined,
    writeTopology: async () => undefined,
    leftBehind: [],
    keepThreads: async () => undefined,
    taskDirectory: task => task,
    moveAside: async () => undefined,
    taskNames: async () => [],
    deleteTaskDirectory: async () => undefined,
    close: async () => undefined,
  }
}
