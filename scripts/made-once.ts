import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * A directory that is made once, and is there whole or not at all. Two processes may both make it: the first wins.
 *
 * @param make fills an empty directory beside it, which is then renamed
 * @returns the directory
 * @throws what `make` throws, with nothing left behind
 */
export async function madeOnce(directory: string, make: (empty: string) => Promise<void>): Promise<string> {
  if (existsSync(directory)) return directory
  await mkdir(dirname(directory), { recursive: true })
  const made = await mkdtemp(`${directory}.part-`)
  try {
    await make(made)
    await rename(made, directory)
  } catch (cause) {
    await rm(made, { recursive: true, force: true })
    if (!existsSync(directory)) throw cause
  }
  return directory
}
