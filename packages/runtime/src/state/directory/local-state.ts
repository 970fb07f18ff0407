import { readdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { withDirectory } from './directory-failure.ts'
import { lockDirectory, lockHolder } from './directory-lock.ts'
import { applicationDirectory, isStateEntry } from './state-paths.ts'

/** What an application has left on this machine. */
export interface LocalState {
  readonly path: string
  /** Names in `path` that are of Millrace, in order. Empty where nothing is. */
  readonly entries: readonly string[]
  /** The process that uses it. */
  readonly holder: string | undefined
}

export interface LocalStateOptions {
  readonly stateDir: string
  readonly applicationId: string
}

/** Looks, and changes nothing. */
export async function findLocalState({ stateDir, applicationId }: LocalStateOptions): Promise<LocalState> {
  const path = applicationDirectory(stateDir, applicationId)
  return await withDirectory(path, async () => ({
    path,
    entries: (await namesIn(path)).filter(isStateEntry).sort(),
    holder: lockHolder(path),
  }))
}

/**
 * Deletes it, with the directory if nothing else is in there. What is not of Millrace stays: `stateDir` may be wrong.
 * @returns what it was
 * @throws MILLRACE_STORE_LOCKED while a process uses it
 */
export async function deleteLocalState(options: LocalStateOptions): Promise<LocalState> {
  const before = await findLocalState(options)
  if (before.entries.length === 0) return before
  return await withDirectory(before.path, () => deleteIn(before, options))
}

async function deleteIn(before: LocalState, options: LocalStateOptions): Promise<LocalState> {
  const lock = lockDirectory(before.path)
  let entries: readonly string[]
  try {
    // Looked at again: until the lock was taken, another process may have been at work here.
    entries = (await findLocalState(options)).entries
    for (const name of entries) await rm(join(before.path, name), { recursive: true, force: true })
  } finally {
    lock.release()
  }
  await rmdir(before.path).catch(allow('ENOTEMPTY', 'EEXIST', 'ENOENT'))
  return { ...before, entries }
}

function namesIn(path: string): Promise<readonly string[]> {
  return readdir(path).catch((error: unknown) => {
    allow('ENOENT')(error)
    return []
  })
}

/** Throws every other error of the file system. */
function allow(...codes: readonly string[]): (error: unknown) => void {
  return error => {
    if (!(error instanceof Error) || !codes.includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}
