import { isMillraceError, millraceError, reasonOf } from '@millrace/core'

/** What to do, by the name that the operating system gives to what is wrong. */
const REMEDIES: Readonly<Record<string, string>> = {
  EEXIST: 'Something that is no directory has this name. Give stateDir the path of a directory.',
  ENOTDIR: 'A part of the path is a file. Give stateDir the path of a directory.',
  EACCES: 'Let the user of the process write there, or give another stateDir.',
  EPERM: 'Let the user of the process write there, or give another stateDir.',
  EROFS: 'The file system is read-only: mount a volume that can be written, or give another stateDir.',
  ENOSPC: 'The disk is full: make space, or give a stateDir on another disk.',
  EDQUOT: "The user's quota is used up: make space, or give a stateDir on another disk.",
  EMFILE: 'The process has too many open files: raise the limit (ulimit -n).',
  ENFILE: 'The machine has too many open files: raise its limit.',
  ENAMETOOLONG: 'The path is too long: give a shorter stateDir.',
  ELOOP: 'The path leads through a circle of links: give another stateDir.',
}

/**
 * Does something with the state directory. What the operating system refuses becomes an error that names the directory and says
 * what to do; an error of Millrace goes on as it is.
 *
 * @throws MILLRACE_STORE_DIRECTORY
 */
export async function withDirectory<T>(directory: string, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (isMillraceError(error)) throw error
    const { code } = error as NodeJS.ErrnoException
    const hint = REMEDIES[code ?? '']
    throw millraceError(
      'MILLRACE_STORE_DIRECTORY',
      { directory, reason: reasonOf(error) },
      { cause: error, ...(hint !== undefined && { hint }) },
    )
  }
}
