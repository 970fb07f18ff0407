import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { withLock } from './directory-lock.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lock-test-'))
})
afterEach(() => rm(directory, { recursive: true }))

it('lets one in at a time and leaves nothing behind', async () => {
  const path = join(directory, 'lock')
  let inside = 0
  const seen: number[] = []
  const enter = () =>
    withLock(path, async () => {
      inside++
      for (let turns = 0; turns < 5; turns++) await turn()
      seen.push(inside)
      inside--
    })
  await Promise.all([enter(), enter(), enter()])
  expect(seen).toEqual([1, 1, 1])
  expect(await readdir(directory)).toEqual([])
})

it('takes over the lock of a process that is gone', async () => {
  const path = join(directory, 'lock')
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  await writeFile(path, String(pid))
  expect(await withLock(path, async () => 'inside')).toBe('inside')
  expect(existsSync(path)).toBe(false)
})

it('frees the lock when the work fails', async () => {
  const path = join(directory, 'lock')
  const failed = withLock(path, async () => {
    throw new Error('no')
  })
  await expect(failed).rejects.toThrow('no')
  expect(existsSync(path)).toBe(false)
})
