import {
  type Clock,
  memoryStore,
  millraceError,
  seededRandom,
  type StoreBackend,
  type StoreChanges,
  type TaskState,
  type TopicPartitionOffset,
} from '@millrace/core'
import type { OpenStateDirectory } from '@millrace/runtime'
import type { DiskFate } from './simulation-case.ts'

interface Write {
  readonly changes: readonly StoreChanges[]
  readonly offsets: readonly TopicPartitionOffset[]
}

/** What one task has on the disk: its state is what its writes come to. */
interface Directory {
  stores: readonly string[]
  readonly writes: Write[]
  /** This many of the writes survive the machine. */
  synced: number
  /** Not there yet, and nobody was told that it is. */
  underWay: Write | undefined
  state: TaskState | undefined
  corrupt: boolean
}

/** A machine that goes down misses this many writes at most: the rest has reached the disk by itself. */
const MOST_TORN_WRITES = 8

const NEVER = new Promise<never>(() => undefined)

/**
 * The disk of a simulated machine. A write is there as a whole or not at all, as the write-ahead log of a real store guarantees,
 * and writes are lost from the end only. A process that had the disk open when it crashed gets no answer any more.
 */
export class SimulatedDisk {
  readonly backend: StoreBackend
  readonly #directories = new Map<string, Directory>()
  readonly #clock: Clock
  readonly #random: () => number
  #life = 0
  /** Which life has the state directory open. */
  #lockedBy: number | undefined
  #topology: unknown

  readonly #onWrite: (offsets: readonly TopicPartitionOffset[]) => void

  constructor(options: {
    readonly clock: Clock
    readonly seed: number
    readonly asyncReads: boolean
    /** What is on the disk now goes so far in its changelogs. */
    readonly onWrite?: (offsets: readonly TopicPartitionOffset[]) => void
  }) {
    this.#clock = options.clock
    this.#onWrite = options.onWrite ?? (() => undefined)
    this.#random = seededRandom(options.seed)
    const memory = memoryStore()
    this.backend = {
      name: 'simulated disk',
      capabilities: { durable: true, syncReads: !options.asyncReads },
      open: async ({ directory, stores, logger }) => {
        const found = this.#directory(directory, stores)
        if (found.corrupt) {
          throw millraceError('MILLRACE_STORE_CORRUPT', { directory, reason: 'a simulated crash' })
        }
        if (found.state === undefined) {
          found.state = await memory.open({ directory, stores, logger })
          for (const { changes, offsets } of found.writes) await found.state.write(changes, offsets)
        }
        return this.#handle(found, found.state)
      },
    }
  }

  /** The state directory of the one application on this machine, which one process at a time may have open. */
  readonly openDirectory: OpenStateDirectory = async () => {
    const life = this.#life
    if (this.#lockedBy === life) {
      throw millraceError('MILLRACE_STORE_LOCKED', { directory: 'simulated disk', owner: `life ${life}` })
    }
    this.#lockedBy = life
    const unlessGone = <T>(result: () => T): Promise<T> => (life === this.#life ? Promise.resolve(result()) : NEVER)
    return {
      processId: 'simulated',
      path: 'simulated disk',
      taskDirectory: task => task,
      taskNames: () => unlessGone(() => this.tasks.filter(name => /^\d+_\d+$/.test(name))),
      moveAside: directory => unlessGone(() => void this.#directories.delete(directory)),
      deleteTaskDirectory: task => unlessGone(() => void this.#directories.delete(task)),
      readTopology: () => unlessGone(() => this.#topology),
      writeTopology: outline => unlessGone(() => void (this.#topology = outline)),
      close: () => unlessGone(() => void (this.#lockedBy = undefined)),
    }
  }

  /** Names of the tasks that have something here. */
  get tasks(): readonly string[] {
    return [...this.#directories.keys()].sort()
  }

  /** A task's state as the next process will find it; undefined when it cannot be read. */
  async look(task: string): Promise<TaskState | undefined> {
    if (this.#directories.get(task)?.corrupt !== false) return undefined
    const logger = { debug() {}, info() {}, warn() {}, error() {} }
    return this.backend.open({ directory: task, stores: this.#directories.get(task)!.stores, logger })
  }

  crash(fate: DiskFate): void {
    this.#life++
    if (fate === 'lost') {
      this.#topology = undefined
      return this.#directories.clear()
    }
    for (const directory of this.#directories.values()) {
      const { writes, underWay } = directory
      if (fate === 'torn') {
        const unsynced = Math.min(MOST_TORN_WRITES, writes.length - directory.synced)
        writes.length -= Math.floor(this.#random() * (unsynced + 1))
      } else if (underWay !== undefined && this.#random() < 0.5) {
        writes.push(underWay)
      }
      directory.underWay = undefined
      directory.state = undefined
    }
    const [...directories] = this.#directories.values()
    const unlucky = directories[Math.floor(this.#random() * directories.length)]
    if (fate === 'corrupt' && unlucky !== undefined) unlucky.corrupt = true
  }

  #directory(name: string, stores: readonly string[]): Directory {
    const directory = this.#directories.get(name) ?? {
      stores,
      writes: [],
      synced: 0,
      underWay: undefined,
      state: undefined,
      corrupt: false,
    }
    this.#directories.set(name, directory)
    return directory
  }

  #handle(directory: Directory, state: TaskState): TaskState {
    const life = this.#life
    const gone = () => life !== this.#life
    return {
      store: name => state.store(name),
      write: async (changes, offsets) => {
        if (gone()) return NEVER
        const write = { changes: changes.map(copyOf), offsets: offsets.map(offset => ({ ...offset })) }
        directory.underWay = write
        if (this.#random() < 0.2) await this.#clock.sleep(1 + Math.floor(this.#random() * 20))
        if (gone()) return NEVER
        await state.write(write.changes, write.offsets)
        directory.writes.push(write)
        this.#onWrite(write.offsets)
        directory.underWay = undefined
      },
      offsets: () => (gone() ? NEVER : state.offsets()),
      sync: async () => {
        if (gone()) return NEVER
        directory.synced = directory.writes.length
      },
      close: async () => undefined,
    }
  }
}

/** The caller has its bytes back once the write has resolved. */
function copyOf({ store, deleteRanges, keys, values }: StoreChanges): StoreChanges {
  const copy = (bytes: Uint8Array) => Buffer.from(bytes)
  return {
    store,
    ...(deleteRanges && {
      deleteRanges: deleteRanges.map(({ from, to }) => ({
        ...(from && { from: copy(from) }),
        ...(to && { to: copy(to) }),
      })),
    }),
    keys: keys.map(copy),
    values: values.map(value => value && copy(value)),
  }
}
