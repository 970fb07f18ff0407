import { type MillraceError, isMillraceError, millraceError } from '@millrace/core'

/** What the machine refuses: it must be fixed there, and is no reason to discard the state. */
const MACHINE_REFUSES =
  /no space left|permission denied|too many open files|read-only file system|quota exceeded|cannot allocate/i

/** RocksDB names the file when it cannot lock it. It knows the holder only when that is this process. */
const LOCKED = /lock hold by current process|while lock file/i
const LOCKED_HERE = /lock hold by current process/i

const CLOSED = /session is closed/i

/**
 * What an error of the database means. RocksDB's status is lost on the way through the binding (nearly all is EIO), so the
 * text has to tell. Whatever is neither a lock nor a refusal of the machine is about bytes that are not what was written.
 */
export function storeFailure(directory: string, error: unknown): MillraceError {
  if (isMillraceError(error)) return error
  const reason = reasonOf(error)
  if (CLOSED.test(reason))
    return millraceError('MILLRACE_STORE_CLOSED', { operation: 'A read or write', object: 'state' }, { cause: error })
  if (LOCKED.test(reason)) {
    const owner = LOCKED_HERE.test(reason) ? 'this process already' : 'another process'
    return millraceError('MILLRACE_STORE_LOCKED', { directory, owner }, { cause: error })
  }
  const code = MACHINE_REFUSES.test(reason) ? 'MILLRACE_STORE_FAILED' : 'MILLRACE_STORE_CORRUPT'
  return millraceError(code, { directory, reason }, { cause: error })
}

/** The message of the innermost cause: a batch only says that it was not applied. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.some(Boolean)) return reasonOf(error.errors.find(Boolean))
  if (error instanceof Error) return error.cause === undefined ? error.message : reasonOf(error.cause)
  return String(error)
}
