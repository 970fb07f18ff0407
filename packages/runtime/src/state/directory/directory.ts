import { randomUUID } from 'node:crypto'
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type Logger, millraceError } from '@millrace/core'
import { parseTaskName } from '../../task-id.ts'
import { withDirectory } from './directory-failure.ts'
import { lockDirectory } from './directory-lock.ts'
import type { OpenStateDirectory, StateDirectory } from './state-directory.ts'
import { applicationDirectory, planMoveAside } from './state-paths.ts'

/** Changes when a version can no longer read what an older one left. */
export const STATE_FORMAT = 1

const PROCESS_FILE = 'process.json'
const TOPOLOGY_FILE = 'topology.json'
const THREADS_FILE = 'threads.json'
/** A file with a higher number is damaged. */
const MOST_THREADS = 1024

/**
 * Makes and locks the directory of an application.
 *
 * @throws MILLRACE_STORE_LOCKED while another process uses it; MILLRACE_STORE_FORMAT when a later version of Millrace wrote it;
 * MILLRACE_STORE_DIRECTORY where the operating system refuses
 */
export const openStateDirectory: OpenStateDirectory = options => {
  const path = applicationDirectory(options.stateDir, options.applicationId)
  return withDirectory(path, async () => {
    await mkdir(path, { recursive: true })
    const lock = lockDirectory(path, owner => lockedHint(options.stateDir, owner))
    try {
      const processId = await readProcessId(path)
      const threads = await readThreads(path)
      return stateDirectory({ path, processId, threads, logger: options.logger, release: lock.release })
    } catch (error) {
      lock.release()
      throw error
    }
  })
}

/** The same program started twice cannot have two literals, so the line reads the directory from the environment. */
function lockedHint(stateDir: string, owner: string): string {
  const line = `stateDir: process.env.STATE_DIR ?? ${JSON.stringify(stateDir)}`
  return (
    `A second process on this machine needs its own stateDir. With the option ${line}, start it with ` +
    `STATE_DIR=${JSON.stringify(`${stateDir}-2`)}. If it is not meant to run twice, stop ${owner} first.`
  )
}

function stateDirectory(options: {
  readonly path: string
  readonly processId: string
  readonly threads: number
  readonly logger: Logger
  readonly release: () => void
}): StateDirectory {
  const { path, processId, threads, logger, release } = options
  return {
    processId,
    path,
    leftBehind: Array.from({ length: threads - 1 }, (_, index) => index + 2),
    keepThreads: most =>
      withDirectory(path, () => replaceFile(join(path, THREADS_FILE), JSON.stringify({ threads: most }))),
    async readTopology() {
      try {
        return JSON.parse(await readFile(join(path, TOPOLOGY_FILE), 'utf8')) as unknown
      } catch {
        return undefined
      }
    },
    writeTopology: outline =>
      withDirectory(path, () => replaceFile(join(path, TOPOLOGY_FILE), JSON.stringify(outline, undefined, 2))),
    taskDirectory: task => join(path, task),
    async taskNames() {
      const entries = await readdir(path, { withFileTypes: true })
      return entries
        .filter(entry => entry.isDirectory() && parseTaskName(entry.name) !== undefined)
        .map(({ name }) => name)
    },
    moveAside: (directory, cause) =>
      withDirectory(path, async () => {
        const { target, drop } = planMoveAside(basename(directory), await readdir(path))
        await rename(directory, join(path, target))
        await Promise.all(drop.map(name => rm(join(path, name), { recursive: true, force: true })))
        logger.warn(
          { directory, movedTo: join(path, target), cause },
          'Moved a corrupted state aside; it is restored from its changelog',
        )
      }),
    async deleteTaskDirectory(task) {
      await rm(join(path, task), { recursive: true, force: true })
    },
    async close() {
      release()
    },
  }
}

interface ProcessFile {
  readonly format: number
  readonly processId: string
}

async function readProcessId(path: string): Promise<string> {
  const file = join(path, PROCESS_FILE)
  const found = parseProcessFile(await readFile(file, 'utf8').catch(() => ''))
  if (found === undefined) {
    const made: ProcessFile = { format: STATE_FORMAT, processId: randomUUID() }
    await replaceFile(file, JSON.stringify(made))
    return made.processId
  }
  if (found.format !== STATE_FORMAT) {
    throw millraceError('MILLRACE_STORE_FORMAT', { directory: path, found: found.format, known: STATE_FORMAT })
  }
  return found.processId
}

/** A file that was never finished counts as none: the id only matters to whom it was told. */
function parseProcessFile(content: string): ProcessFile | undefined {
  try {
    const { format, processId } = JSON.parse(content) as Partial<ProcessFile>
    return typeof format === 'number' && typeof processId === 'string' ? { format, processId } : undefined
  } catch {
    return undefined
  }
}

/** How many threads the last run had; 1 where nothing says so, as before the first with several. */
async function readThreads(path: string): Promise<number> {
  try {
    const { threads } = JSON.parse(await readFile(join(path, THREADS_FILE), 'utf8')) as { readonly threads?: unknown }
    return typeof threads === 'number' && Number.isSafeInteger(threads)
      ? Math.min(Math.max(1, threads), MOST_THREADS)
      : 1
  } catch {
    return 1
  }
}

/** Whole or not at all, whenever the process ends. */
async function replaceFile(file: string, content: string): Promise<void> {
  const partial = `${file}.partial`
  await writeFile(partial, content)
  await rename(partial, file)
}
