import {
  type Clock,
  memoryStore,
  millraceError,
  type OpenOptions,
  seededRandom,
  type StoreBackend,
  type StoreChanges,
  type TaskState,
  type TopicPartitionOffset,
} from '@millrace/core'
import type { OpenStateDirectory } from '@millrace/runtime'
import { basename } from 'node:path'
import { never } from './life-clock.ts'
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
  /** Which member of the process has it open: a store cannot be opened twice. */
  openedBy: number | undefined
  corrupt: boolean
}

const PATH = 'simulated disk'

/** A machine that goes down misses this many writes at most: the rest has reached the disk by itself. */
const MOST_TORN_WRITES = 8

/**
 * The disk of a simulated machine. A write is there as a whole or not at all, as the write-ahead log of a real store guarantees,
 * and writes are lost from the end only. A process, or a member of one, that had
 * the disk open when it crashed gets no answer any more.
 */
export class SimulatedDisk {
  readonly #directories = new Map<string, Directory>()
  readonly #clock: Clock
  readonly #random: () => number
  #life = 0
  /** By number of the member, how often it has crashed alone. */
  readonly #memberLives = new Map<number, number>()
  /** A process has the state directory open. */
  #open = false
  /** The highest number of a thread that may have left something open. */
  #threads = 1
  readonly #memory = memoryStore()
  readonly #asyncReads: boolean
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
    this.#asyncReads = options.asyncReads
  }

  get backend(): StoreBackend {
    return this.backendOf(1)
  }

  /** The store backend in one member of the process, until that ends. */
  backendOf(member: number): StoreBackend {
    const gone = this.#goneOf(member)
    return {
      name: 'simulated disk',
      capabilities: { durable: true, syncReads: !this.#asyncReads },
      open: async ({ directory, stores, logger }) => {
        if (gone()) return never()
        const found = this.#directory(basename(directory), stores)
        if (found.corrupt) {
          throw millraceError('MILLRACE_STORE_CORRUPT', { directory, reason: 'a simulated crash' })
        }
        if (found.openedBy !== undefined) {
          const reason = `member ${found.openedBy} has it open, and member ${member} opens it`
          throw millraceError('MILLRACE_STORE_FAILED', { directory, reason })
        }
        found.openedBy = member
        return this.#handle(found, await this.#contentOf(found, { directory, stores, logger }), member)
      },
    }
  }

  async #contentOf(found: Directory, opening: OpenOptions): Promise<TaskState> {
    if (found.state !== undefined) return found.state
    found.state = await this.#memory.open(opening)
    for (const { changes, offsets } of found.writes) await found.state.write(changes, offsets)
    return found.state
  }

  /** The state directory of the one application on this machine, which one process at a time may have open. */
  readonly openDirectory: OpenStateDirectory = async () => {
    if (this.#open) throw millraceError('MILLRACE_STORE_LOCKED', { directory: PATH, owner: 'another process' })
    this.#open = true
    const life = this.#life
    const unlessGone = <T>(result: () => T): Promise<T> => (life === this.#life ? Promise.resolve(result()) : never())
    const threads = this.#threads
    return {
      processId: 'simulated',
      path: PATH,
      taskDirectory: task => `${PATH}/${task}`,
      taskNames: () => unlessGone(() => this.tasks.filter(name => /^\d+_\d+$/.test(name))),
      moveAside: directory => unlessGone(() => void this.#directories.delete(basename(directory))),
      deleteTaskDirectory: task => unlessGone(() => void this.#directories.delete(task)),
      readTopology: () => unlessGone(() => this.#topology),
      writeTopology: outline => unlessGone(() => void (this.#topology = outline)),
      leftBehind: Array.from({ length: threads - 1 }, (_, index) => index + 2),
      keepThreads: most => unlessGone(() => void (this.#threads = most)),
      close: () => unlessGone(() => void (this.#open = false)),
    }
  }

  /** Names of the tasks that have something here. */
  get tasks(): readonly string[] {
    return [...this.#directories.keys()].sort()
  }

  /** A task's state as the next process will find it; undefined when it cannot be read. */
  async look(task: string): Promise<TaskState | undefined> {
    const directory = this.#directories.get(task)
    if (directory?.corrupt !== false) return undefined
    const logger = { debug() {}, info() {}, warn() {}, error() {} }
    return await this.#contentOf(directory, { directory: task, stores: directory.stores, logger })
  }

  /** One member of the process is gone, what it has opened is closed, and the disk stays: the write under way is there or not. */
  crashMember(member: number): void {
    this.#memberLives.set(member, (this.#memberLives.get(member) ?? 0) + 1)
    for (const directory of this.#directories.values()) {
      if (directory.openedBy !== member) continue
      if (directory.underWay !== undefined && this.#random() < 0.5) directory.writes.push(directory.underWay)
      directory.underWay = undefined
      directory.state = undefined
      directory.openedBy = undefined
    }
  }

  /** The process is gone, and the machine too where the fate says so. */
  crash(fate: DiskFate): void {
    this.#life++
    this.#open = false
    if (fate === 'lost') {
      this.#topology = undefined
      this.#threads = 1
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
      directory.openedBy = undefined
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
      openedBy: undefined,
      corrupt: false,
    }
    this.#directories.set(name, directory)
    return directory
  }

  #goneOf(member: number): () => boolean {
    const [life, memberLife] = [this.#life, this.#memberLives.get(member)]
    return () => life !== this.#life || memberLife !== this.#memberLives.get(member)
  }

  #handle(directory: Directory, state: TaskState, member: number): TaskState {
    const gone = this.#goneOf(member)
    return {
      store: name => state.store(name),
      write: async (changes, offsets) => {
        if (gone()) return never()
        const write = { changes: changes.map(copyOf), offsets: offsets.map(offset => ({ ...offset })) }
        directory.underWay = write
        if (this.#random() < 0.2) await this.#clock.sleep(1 + Math.floor(this.#random() * 20))
        if (gone()) return never()
        await state.write(write.changes, write.offsets)
        directory.writes.push(write)
        this.#onWrite(write.offsets)
        directory.underWay = undefined
      },
      offsets: () => (gone() ? never() : state.offsets()),
      sync: async () => {
        if (gone()) return never()
        directory.synced = directory.writes.length
      },
      close: async () => {
        if (gone()) return never()
        directory.openedBy = undefined
      },
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
