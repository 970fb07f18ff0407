import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { millraceError } from '@millrace/core'
import { LOCK_FILE } from './state-paths.ts'

/** Who holds a directory. */
interface LockOwner {
  readonly pid: number
  /** When that process started, as the operating system counts; empty where it does not say. */
  readonly started: string
}

export interface DirectoryLock {
  /** Once: a second call leaves a later holder's lock alone. */
  release(): void
}

/**
 * Takes a directory for this process, until `release` or until the process is gone: the lock of a dead process is taken over.
 * A pid may be in use again by then, so where the operating system tells when a process started, that has to fit too.
 *
 * It tells people that they started an application twice. Two processes that cannot see each other, as in two containers,
 * are kept apart by the store's own lock.
 *
 * @param hintFor what to do about the owner @default the hint of the error's code
 * @throws MILLRACE_STORE_LOCKED with the other pid
 */
export function lockDirectory(directory: string, hintFor?: (owner: string) => string): DirectoryLock {
  const path = join(directory, LOCK_FILE)
  const content = JSON.stringify(ownerOf(process.pid))
  while (!createdWith(path, content)) {
    const found = contentOf(path)
    if (found === undefined) continue
    const owner = holderIn(found)
    if (owner !== undefined) {
      const options = hintFor === undefined ? undefined : { hint: hintFor(owner) }
      throw millraceError('MILLRACE_STORE_LOCKED', { directory, owner }, options)
    }
    removeStale(path, found)
  }
  let released = false
  return {
    release() {
      if (!released && contentOf(path) === content) rmSync(path, { force: true })
      released = true
    },
  }
}

/** Who holds the directory, as a message says it; undefined when nobody does. Takes nothing. */
export function lockHolder(directory: string): string | undefined {
  return holderIn(contentOf(join(directory, LOCK_FILE)) ?? '')
}

function holderIn(content: string): string | undefined {
  const owner = parseOwner(content)
  if (owner === undefined || !isAlive(owner)) return undefined
  return owner.pid === process.pid ? 'this process already' : `process ${owner.pid}`
}

function ownerOf(pid: number): LockOwner {
  return { pid, started: startOf(pid) }
}

/**
 * False when there is a file already. A link makes the file appear with its content in it, so that nobody takes a lock that
 * is being written for a broken one; file systems without links get the next best.
 */
function createdWith(path: string, content: string): boolean {
  const draft = `${path}.${randomUUID()}`
  try {
    writeFileSync(draft, content)
    linkSync(draft, path)
    return true
  } catch (error) {
    return isErrno(error, 'EEXIST') ? false : createdDirectly(path, content)
  } finally {
    rmSync(draft, { force: true })
  }
}

function createdDirectly(path: string, content: string): boolean {
  try {
    writeFileSync(path, content, { flag: 'wx' })
    return true
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false
    throw error
  }
}

/**
 * Moved away first and looked at again: between our reading and our moving, a third process may have replaced the stale
 * lock by its own. That one is put back.
 */
function removeStale(path: string, stale: string): void {
  const aside = `${path}.${randomUUID()}`
  try {
    renameSync(path, aside)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return
    throw error
  }
  const moved = contentOf(aside)
  if (moved !== undefined && moved !== stale) createdWith(path, moved)
  rmSync(aside, { force: true })
}

function isAlive(owner: LockOwner): boolean {
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    // Somebody else's process is alive too.
    if (!isErrno(error, 'EPERM')) return false
  }
  const started = startOf(owner.pid)
  return started === '' || owner.started === '' || started === owner.started
}

/** Field 22 of Linux' `/proc/<pid>/stat`: ticks since the boot. The second field, in brackets, may hold spaces itself. */
function startOf(pid: number): string {
  if (process.platform !== 'linux') return ''
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

/** What cannot be parsed was left by a process that ended while it wrote. */
function parseOwner(content: string): LockOwner | undefined {
  try {
    const { pid, started } = JSON.parse(content) as Partial<LockOwner>
    return typeof pid === 'number' && pid > 0 && typeof started === 'string' ? { pid, started } : undefined
  } catch {
    return undefined
  }
}

/** Undefined when there is no such file. */
function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code
}
