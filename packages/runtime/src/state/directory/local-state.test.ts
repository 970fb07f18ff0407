import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { silentLogger } from '../../observe/console-logger.ts'
import { openStateDirectory } from './directory.ts'
import { deleteLocalState, findLocalState } from './local-state.ts'

let stateDir: string
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'millrace-local-state-'))
})
afterEach(() => rmSync(stateDir, { recursive: true, force: true }))

const of = (applicationId: string) => ({ stateDir, applicationId })

async function leaveState(applicationId: string): Promise<string> {
  const directory = await openStateDirectory({ ...of(applicationId), logger: silentLogger })
  await directory.writeTopology({ stores: {}, topics: {} })
  for (const name of ['0_0', '0_1.corrupt-1', 'global']) {
    mkdirSync(directory.taskDirectory(name))
    writeFileSync(join(directory.taskDirectory(name), 'CURRENT'), 'x')
  }
  await directory.close()
  return directory.path
}

it('deletes everything of one application, and the directory with it', async () => {
  const path = await leaveState('app')
  const entries = ['0_0', '0_1.corrupt-1', 'global', 'process.json', 'topology.json']
  await leaveState('other')
  expect(await findLocalState(of('app'))).toEqual({ path, entries, holder: undefined })
  expect((await deleteLocalState(of('app'))).entries).toEqual(entries)
  expect(existsSync(path)).toBe(false)
  expect(readdirSync(join(stateDir, 'other')).sort()).toEqual(entries)
})

it('finds nothing where nothing is, and makes no directory', async () => {
  expect((await deleteLocalState(of('app'))).entries).toEqual([])
  expect(readdirSync(stateDir)).toEqual([])
})

it('leaves what is not of Millrace', async () => {
  const path = await leaveState('app')
  writeFileSync(join(path, 'notes.txt'), 'mine')
  await deleteLocalState(of('app'))
  expect(readdirSync(path)).toEqual(['notes.txt'])
})

it('deletes nothing of what somebody uses', async () => {
  await leaveState('app')
  const directory = await openStateDirectory({ ...of('app'), logger: silentLogger })
  expect((await findLocalState(of('app'))).holder).toBe('this process already')
  await expect(deleteLocalState(of('app'))).rejects.toMatchObject({ code: 'MILLRACE_STORE_LOCKED' })
  await directory.close()
  expect((await deleteLocalState(of('app'))).entries).toContain('0_0')
})
