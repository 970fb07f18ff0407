import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Runs `work` while no other process of this machine is inside for the same path. The lock is a file with the holder's
 * process id; one whose holder is gone is taken over. In the very rare case of two that take over at once both may be
 * inside, so `work` should save effort by the lock, not depend on it.
 */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  while (!(await take(path))) await sleep(100)
  try {
    return await work()
  } finally {
    await rm(path, { force: true })
  }
}

/** A link appears with its content, so nobody ever reads a lock without its holder. */
async function take(path: string): Promise<boolean> {
  const mine = `${path}.${process.pid}-${Math.random().toString(36).slice(2)}`
  await writeFile(mine, String(process.pid))
  try {
    await link(mine, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await rm(mine, { force: true })
  }
  const holder = await readFile(path, 'utf8').catch(() => undefined)
  if (holder !== undefined && !isAlive(Number(holder))) await discard(path)
  return false
}

/** Of several that see a dead holder's lock, the rename lets one remove it. */
async function discard(path: string): Promise<void> {
  const aside = `${path}.stale-${process.pid}`
  try {
    await rename(path, aside)
    await rm(aside, { force: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // A process of another user may not be signalled, but it is there.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
