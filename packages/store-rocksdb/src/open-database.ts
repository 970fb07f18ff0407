import { mkdir } from 'node:fs/promises'
import { millraceError, type MillraceError } from '@millrace/core'
import type { PackedBatches } from '#packed-batches'
import type RocksDB from '#rocksdb-native'
import { SharedSnapshot } from './shared-snapshot.ts'
import { storeFailure } from './store-failure.ts'
import { WRITE_BUFFERS } from './write-buffer-share.ts'

const BINDING = 'rocksdb-native'

/** An open database, and what has to end before it can be closed. */
export interface OpenDatabase {
  readonly db: RocksDB
  /** Of reads that are not of a snapshot of their own. */
  readonly now: SharedSnapshot
  readonly directory: string
  /** Absent where there is no addon for this platform: batches then are passed operation by operation. */
  readonly packed: PackedBatches | undefined
  /** Packed reads on their way, which use the database and a snapshot until they are done. */
  readonly reads: Set<Promise<unknown>>
  /** Ends an open iterator or snapshot. The binding waits for those for ever. */
  readonly open: Set<() => Promise<void>>
  closed: boolean
  /** The first sign of bytes that are not what was written. */
  corruption: MillraceError | undefined
}

export async function openDatabase(directory: string, writeBufferSize: number): Promise<OpenDatabase> {
  const Binding = await loadBinding()
  try {
    await mkdir(directory, { recursive: true })
    const db = new Binding(directory, { writeBufferSize, maxWriteBufferNumber: WRITE_BUFFERS, maxBackgroundJobs: 2 })
    await db.ready()
    const packed = await loadAddon()
    const now = new SharedSnapshot(db)
    return { db, now, directory, packed, reads: new Set(), open: new Set(), closed: false, corruption: undefined }
  } catch (error) {
    throw storeFailure(directory, error)
  }
}

export function checkOpen(database: OpenDatabase, operation: string): void {
  if (database.closed) throw millraceError('MILLRACE_STORE_CLOSED', { operation, object: 'state' })
}

/** Runs what reads or writes the database, and says in Millrace's words what went wrong. */
export async function guarded<Result>(database: OpenDatabase, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    const failure = storeFailure(database.directory, error)
    if (failure.code === 'MILLRACE_STORE_CORRUPT') database.corruption ??= failure
    throw failure
  }
}

/** Nothing new is let in from the call on; `pending` is what was let in before. */
export async function closeDatabase(database: OpenDatabase, pending: Promise<void> = Promise.resolve()): Promise<void> {
  database.closed = true
  await pending
  await readsDone(database)
  await Promise.all([...database.open].map(end => end()))
  await guarded(database, () => database.db.close())
}

/** Waits for the packed reads that have begun: the binding does not know of them. */
export async function readsDone({ reads }: OpenDatabase): Promise<void> {
  await Promise.allSettled(reads)
}

/** Loaded at the first opening, so that a platform without a binary gets an error with a hint and not a failed import. */
async function loadBinding(): Promise<typeof RocksDB> {
  const platform = `${process.platform}-${process.arch}`
  const runtime = runtimeWithoutLibuv(process.versions)
  if (runtime !== undefined) {
    const reason = `${runtime} lacks functions of libuv that the module calls, and would end the process`
    throw millraceError('MILLRACE_STORE_BINDING_MISSING', { module: BINDING, platform, reason })
  }
  try {
    return (await import('#rocksdb-native')).default
  } catch (error) {
    const reason = error instanceof Error ? describeLoadFailure(error) : String(error)
    throw millraceError('MILLRACE_STORE_BINDING_MISSING', { module: BINDING, platform, reason }, { cause: error })
  }
}

/** After the binding, whose library it looks for among those that are loaded. */
async function loadAddon(): Promise<PackedBatches | undefined> {
  return process.env['MILLRACE_ROCKSDB_ADDON'] === 'off' ? undefined : (await import('#packed-batches')).default
}

/** Bun and Deno load the module and crash at its first call, before any error could be caught. */
export function runtimeWithoutLibuv(versions: Readonly<Record<string, string | undefined>>): string | undefined {
  if (versions['bun'] !== undefined) return `Bun ${versions['bun']}`
  return versions['deno'] === undefined ? undefined : `Deno ${versions['deno']}`
}

/** The cause is the linker's word, as a missing libatomic.so.1 or GLIBC_2.34. */
function describeLoadFailure(error: Error): string {
  return error.cause instanceof Error ? error.cause.message : (error.message.split('\n', 1)[0] ?? error.message)
}
