import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LogFields, Logger } from '@millrace/core'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openStateDirectory } from './directory.ts'
import type { StateDirectory } from './state-directory.ts'

let stateDir: string
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'millrace-directory-'))
})
afterEach(() => rmSync(stateDir, { recursive: true, force: true }))

const warnings: LogFields[] = []
const logger: Logger = { debug() {}, info() {}, warn: fields => warnings.push(fields), error() {} }

const open = (applicationId: string): Promise<StateDirectory> => openStateDirectory({ stateDir, applicationId, logger })
const pathOf = (applicationId: string): string => join(stateDir, applicationId)

const DIRECTORY = new URL('directory.ts', import.meta.url).href

/** Another process that holds the directory until it is killed. */
async function startHolder(): Promise<{ readonly pid: number; kill(): Promise<void> }> {
  const program = `
    const { openStateDirectory } = await import(${JSON.stringify(DIRECTORY)})
    const logger = { debug() {}, info() {}, warn() {}, error() {} }
    await openStateDirectory({ stateDir: ${JSON.stringify(stateDir)}, applicationId: 'app', logger })
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
  const first = await open('app')
  await first.close()
  const second = await open('app')
  const other = await open('other')
  expect(second.processId).toBe(first.processId)
  expect(other.processId).not.toBe(first.processId)
  expect(first.processId).toMatch(/^[0-9a-f-]{36}$/)
})

it('keeps how many threads there are, so that the next run knows what those may have left behind', async () => {
  const first = await open('app')
  expect(first.leftBehind).toEqual([])
  await first.keepThreads(4)
  await first.close()
  const second = await open('app')
  expect(second.leftBehind).toEqual([2, 3, 4])
  await second.keepThreads(1)
  await second.close()
  expect((await open('app')).leftBehind).toEqual([])
})

it.each(['', '{', 'null', '{"threads":"4"}', '{"threads":0}', '{"threads":1.5}'])(
  'takes a file of threads that holds %j for none',
  async content => {
    mkdirSync(join(stateDir, 'app'))
    writeFileSync(join(stateDir, 'app', 'threads.json'), content)
    expect((await open('app')).leftBehind).toEqual([])
  },
)

it('makes a new process id when the file was never finished', async () => {
  mkdirSync(join(stateDir, 'app'))
  writeFileSync(join(stateDir, 'app', 'process.json'), '{"format":1,"proc')
  const directory = await open('app')
  expect(JSON.parse(readFileSync(join(pathOf('app'), 'process.json'), 'utf8'))).toEqual({
    format: 1,
    processId: directory.processId,
  })
})

it('refuses a format that it does not know, and does not keep the lock', async () => {
  mkdirSync(join(stateDir, 'app'))
  const file = join(stateDir, 'app', 'process.json')
  writeFileSync(file, JSON.stringify({ format: 99, processId: 'x' }))
  await expect(open('app')).rejects.toMatchObject({ code: 'MILLRACE_STORE_FORMAT' })
  rmSync(file)
  await open('app')
})

it('is locked while this process has it open, and free after the release', async () => {
  const directory = await open('app')
  await expect(open('app')).rejects.toMatchObject({
    code: 'MILLRACE_STORE_LOCKED',
    message: expect.stringContaining('this process already'),
    hint: expect.stringContaining(`stateDir: process.env.STATE_DIR ?? ${JSON.stringify(stateDir)}, start it with`),
  })
  await directory.close()
  const again = await open('app')
  await directory.close()
  await expect(open('app')).rejects.toMatchObject({ code: 'MILLRACE_STORE_LOCKED' })
  await again.close()
  expect(readdirSync(pathOf('app'))).toEqual(['process.json'])
})

it('names the process that holds it, and takes over when that one was killed', async () => {
  const holder = await startHolder()
  try {
    await expect(open('app')).rejects.toMatchObject({
      code: 'MILLRACE_STORE_LOCKED',
      message: expect.stringContaining(`process ${holder.pid}`),
    })
  } finally {
    await holder.kill()
  }
  await open('app')
  expect(readdirSync(pathOf('app')).sort()).toEqual(['lock', 'process.json'])
})

it.each([
  ['an empty file', ''],
  ['half a file', '{"pid":12'],
  ['a pid that never was', JSON.stringify({ pid: 2 ** 22 + 1, started: '1' })],
])('takes over %s', async (_what, content) => {
  mkdirSync(join(stateDir, 'app'))
  writeFileSync(join(stateDir, 'app', 'lock'), content)
  await open('app')
  expect(JSON.parse(readFileSync(join(pathOf('app'), 'lock'), 'utf8'))).toMatchObject({ pid: process.pid })
})

it.runIf(process.platform === 'linux')('takes over the lock of a dead process whose pid is in use again', async () => {
  mkdirSync(join(stateDir, 'app'))
  writeFileSync(join(stateDir, 'app', 'lock'), JSON.stringify({ pid: process.pid, started: '1' }))
  await expect(open('app')).resolves.toBeDefined()
})

it('lists the tasks that have state, and nothing else', async () => {
  const directory = await open('app')
  for (const name of ['0_0', '12_3', '0_1.corrupt-1', 'notes']) mkdirSync(join(pathOf('app'), name))
  writeFileSync(join(pathOf('app'), '5_5'), '')
  expect([...(await directory.taskNames())].sort()).toEqual(['0_0', '12_3'])
})

it('moves corrupted states aside and keeps the newest three', async () => {
  const directory = await open('app')
  for (let round = 1; round <= 5; round++) {
    mkdirSync(directory.taskDirectory('0_1'))
    writeFileSync(join(directory.taskDirectory('0_1'), 'round'), String(round))
    await directory.moveAside(directory.taskDirectory('0_1'), new Error('garbage'))
    expect(readFileSync(join(pathOf('app'), `0_1.corrupt-${round}`, 'round'), 'utf8')).toBe(String(round))
    expect(warnings.at(-1)).toMatchObject({ movedTo: join(pathOf('app'), `0_1.corrupt-${round}`) })
  }
  expect(
    readdirSync(pathOf('app'))
      .filter(name => name.startsWith('0_'))
      .sort(),
  ).toEqual(['0_1.corrupt-3', '0_1.corrupt-4', '0_1.corrupt-5'])
})

it('deletes a task directory, also one that is not there', async () => {
  const directory = await open('app')
  mkdirSync(directory.taskDirectory('0_1'))
  writeFileSync(join(directory.taskDirectory('0_1'), 'file'), '')
  await directory.deleteTaskDirectory('0_1')
  await directory.deleteTaskDirectory('0_1')
  expect(await directory.taskNames()).toEqual([])
})
