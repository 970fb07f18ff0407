import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openStateDirectory } from './directory.ts'

let stateDir: string
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'millrace-directory-'))
})
afterEach(() => rmSync(stateDir, { recursive: true, force: true }))

const TASK = { subTopology: 0, partition: 1 }
const DIRECTORY = new URL('directory.ts', import.meta.url).href

/** Another process that holds the directory until it is killed. */
async function startHolder(): Promise<{ readonly pid: number; kill(): Promise<void> }> {
  const program = `
    const { openStateDirectory } = await import(${JSON.stringify(DIRECTORY)})
    await openStateDirectory(${JSON.stringify(stateDir)}, 'app')
    setInterval(() => {}, 1000)
    console.log('holds')`
  const options = ['--conditions=millrace-source', '--input-type=module', '--eval', program]
  const child = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  await Promise.race([once(child.stdout, 'data'), exited.then(() => Promise.reject(new Error('the holder ended')))])
  return {
    pid: child.pid!,
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

it('keeps its process id', async () => {
  const first = await openStateDirectory(stateDir, 'app')
  first.release()
  const second = await openStateDirectory(stateDir, 'app')
  const other = await openStateDirectory(stateDir, 'other')
  expect(second.processId).toBe(first.processId)
  expect(other.processId).not.toBe(first.processId)
  expect(first.processId).toMatch(/^[0-9a-f-]{36}$/)
})

it('makes a new process id when the file was never finished', async () => {
  mkdirSync(join(stateDir, 'app'))
  writeFileSync(join(stateDir, 'app', 'process.json'), '{"format":1,"proc')
  const directory = await openStateDirectory(stateDir, 'app')
  expect(JSON.parse(readFileSync(join(directory.path, 'process.json'), 'utf8'))).toEqual({
    format: 1,
    processId: directory.processId,
  })
})

it('refuses a format that it does not know, and does not keep the lock', async () => {
  mkdirSync(join(stateDir, 'app'))
  const file = join(stateDir, 'app', 'process.json')
  writeFileSync(file, JSON.stringify({ format: 99, processId: 'x' }))
  await expect(openStateDirectory(stateDir, 'app')).rejects.toMatchObject({ code: 'MILLRACE_STORE_FORMAT' })
  rmSync(file)
  await openStateDirectory(stateDir, 'app')
})

it('is locked while this process has it open, and free after the release', async () => {
  const directory = await openStateDirectory(stateDir, 'app')
  await expect(openStateDirectory(stateDir, 'app')).rejects.toMatchObject({
    code: 'MILLRACE_STORE_LOCKED',
    message: expect.stringContaining('this process already'),
  })
  directory.release()
  const again = await openStateDirectory(stateDir, 'app')
  directory.release()
  await expect(openStateDirectory(stateDir, 'app')).rejects.toMatchObject({ code: 'MILLRACE_STORE_LOCKED' })
  again.release()
  expect(readdirSync(again.path)).toEqual(['process.json'])
})

it('names the process that holds it, and takes over when that one was killed', async () => {
  const holder = await startHolder()
  try {
    await expect(openStateDirectory(stateDir, 'app')).rejects.toMatchObject({
      code: 'MILLRACE_STORE_LOCKED',
      message: expect.stringContaining(`process ${holder.pid}`),
    })
  } finally {
    await holder.kill()
  }
  const directory = await openStateDirectory(stateDir, 'app')
  expect(readdirSync(directory.path).sort()).toEqual(['lock', 'process.json'])
})

it.each([
  ['an empty file', ''],
  ['half a file', '{"pid":12'],
  ['a pid that never was', JSON.stringify({ pid: 2 ** 22 + 1, started: '1' })],
])('takes over %s', async (_what, content) => {
  mkdirSync(join(stateDir, 'app'))
  writeFileSync(join(stateDir, 'app', 'lock'), content)
  const directory = await openStateDirectory(stateDir, 'app')
  expect(JSON.parse(readFileSync(join(directory.path, 'lock'), 'utf8'))).toMatchObject({ pid: process.pid })
})

it.runIf(process.platform === 'linux')('takes over the lock of a dead process whose pid is in use again', async () => {
  mkdirSync(join(stateDir, 'app'))
  writeFileSync(join(stateDir, 'app', 'lock'), JSON.stringify({ pid: process.pid, started: '1' }))
  await expect(openStateDirectory(stateDir, 'app')).resolves.toBeDefined()
})

it('lists the tasks that have state, and nothing else', async () => {
  const directory = await openStateDirectory(stateDir, 'app')
  for (const name of ['0_0', '12_3', '0_1.corrupt-1', 'notes']) mkdirSync(join(directory.path, name))
  writeFileSync(join(directory.path, '5_5'), '')
  expect(await directory.listTaskDirectories()).toEqual(
    expect.arrayContaining([
      { subTopology: 0, partition: 0 },
      { subTopology: 12, partition: 3 },
    ]),
  )
  expect(await directory.listTaskDirectories()).toHaveLength(2)
})

it('moves corrupted states aside and keeps the newest three', async () => {
  const directory = await openStateDirectory(stateDir, 'app')
  for (let round = 1; round <= 5; round++) {
    mkdirSync(directory.taskDirectory(TASK))
    writeFileSync(join(directory.taskDirectory(TASK), 'round'), String(round))
    const moved = await directory.moveAside(TASK)
    expect(readFileSync(join(moved, 'round'), 'utf8')).toBe(String(round))
  }
  expect(readdirSync(directory.path).filter(name => name.startsWith('0_')).sort()).toEqual([
    '0_1.corrupt-3',
    '0_1.corrupt-4',
    '0_1.corrupt-5',
  ])
})

it('deletes a task directory, also one that is not there', async () => {
  const directory = await openStateDirectory(stateDir, 'app')
  mkdirSync(directory.taskDirectory(TASK))
  writeFileSync(join(directory.taskDirectory(TASK), 'file'), '')
  await directory.deleteTaskDirectory(TASK)
  await directory.deleteTaskDirectory(TASK)
  expect(await directory.listTaskDirectories()).toEqual([])
})
