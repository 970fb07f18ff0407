import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { millraceError } from '@millrace/core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { silentLogger } from '../../observe/console-logger.ts'
import { openStateDirectory } from './directory.ts'
import { withDirectory } from './directory-failure.ts'
import { deleteLocalState } from './local-state.ts'

let base = ''
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'state-'))
  await writeFile(join(base, 'file'), '')
})
afterAll(() => rm(base, { recursive: true, force: true }))

const open = (stateDir: string) => openStateDirectory({ stateDir, applicationId: 'app', logger: silentLogger })

it.each([
  ['a file', 'file'],
  ['below a file', 'file/below/it'],
])('a stateDir that is %s', async (_what, path) => {
  await expect(open(join(base, path))).rejects.toMatchObject({
    code: 'MILLRACE_STORE_DIRECTORY',
    kind: 'config',
    message: expect.stringContaining(join(base, path)) as unknown,
    hint: expect.stringContaining('stateDir') as unknown,
  })
  await expect(deleteLocalState({ stateDir: join(base, path), applicationId: 'app' })).rejects.toMatchObject({
    code: 'MILLRACE_STORE_DIRECTORY',
  })
})

it('parents that are missing are made', async () => {
  const directory = await open(join(base, 'a', 'b', 'c'))
  await directory.close()
  expect(await readdir(join(base, 'a', 'b', 'c'))).toEqual(['app'])
})

it.each([
  ['EACCES', 'Let the user of the process write there'],
  ['EROFS', 'read-only'],
  ['ENOSPC', 'full'],
  ['EDQUOT', 'quota'],
  ['EMFILE', 'ulimit'],
  ['EIO', 'Set stateDir'],
])('%s is explained', async (code, hint) => {
  const refused = withDirectory('/state', () => {
    throw Object.assign(new Error(`${code}: refused`), { code })
  })
  await expect(refused).rejects.toMatchObject({
    code: 'MILLRACE_STORE_DIRECTORY',
    message: expect.stringContaining(`The state directory /state cannot be used: ${code}: refused`) as unknown,
    hint: expect.stringContaining(hint) as unknown,
  })
})

it('an error of Millrace stays as it is', async () => {
  const error = millraceError('MILLRACE_STORE_LOCKED', { directory: '/state', owner: 'process 1' })
  await expect(
    withDirectory('/state', () => {
      throw error
    }),
  ).rejects.toBe(error)
})
