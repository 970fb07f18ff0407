import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import type { Logger, TaskState } from '@millrace/core'
import RocksDB from '#rocksdb-native'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { rocksdb } from './index.ts'
import { FORMAT_KEY, u32 } from './key-layout.ts'

const logger: Logger = { debug() {}, info() {}, warn() {}, error() {} }
const backend = rocksdb()
const POSITION = { topic: 't', partition: 0, offset: 3 }

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-rocksdb-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const open = (): Promise<TaskState> => backend.open({ directory, stores: ['a'], logger })

/** A state of many blocks, all of it in a file and none in the log. */
async function leaveState(): Promise<void> {
  const state = await open()
  const keys = Array.from({ length: 5000 }, (_, number) => Buffer.from(String(number).padStart(8, '0')))
  await state.write([{ store: 'a', keys, values: keys }], [POSITION])
  await state.sync()
  await state.close()
}

function fileOf(pattern: RegExp): string {
  const name = readdirSync(directory).find(entry => pattern.test(entry))
  if (name === undefined) throw new Error(`no ${pattern} among ${readdirSync(directory).join()}`)
  return join(directory, name)
}

function garble(file: string, start: number): void {
  const content = readFileSync(file)
  content.fill(0xa5, start)
  writeFileSync(file, content)
}

/** Runs a program in another process until it prints its first line. */
async function inAnotherProcess(program: string): Promise<{ readonly line: string; kill(): Promise<void> }> {
  const options = ['--conditions=millrace-source', '--input-type=module', '--eval', program]
  const child = spawn(process.execPath, options, { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const [line] = await Promise.race([once(child.stdout, 'data'), exited.then(() => ['it ended'])])
  return {
    line: String(line).trim(),
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

const PRELUDE = `
  const { rocksdb } = await import(${JSON.stringify(new URL('index.ts', import.meta.url).href)})
  const logger = { debug() {}, info() {}, warn() {}, error() {} }`

describe.each(['on', 'off'])('with the addon %s', addon => {
  beforeEach(() => vi.stubEnv('MILLRACE_ROCKSDB_ADDON', addon))
  afterEach(() => vi.unstubAllEnvs())

  describe('a damaged database is MILLRACE_STORE_CORRUPT', () => {
    it.each<[string, () => void]>([
      ['CURRENT is empty', () => truncateSync(fileOf(/^CURRENT$/), 0)],
      ['CURRENT names a file that is not there', () => writeFileSync(fileOf(/^CURRENT$/), 'MANIFEST-999999\n')],
      ['the manifest is cut off', () => truncateSync(fileOf(/^MANIFEST-/), 20)],
      ['the manifest is garbage', () => garble(fileOf(/^MANIFEST-/), 0)],
      ['the manifest is gone', () => unlinkSync(fileOf(/^MANIFEST-/))],
      ['a table is garbage', () => garble(fileOf(/\.sst$/), 0)],
      ['a table is cut off', () => truncateSync(fileOf(/\.sst$/), 100)],
      ['a table is empty', () => truncateSync(fileOf(/\.sst$/), 0)],
      ['a table is gone', () => unlinkSync(fileOf(/\.sst$/))],
    ])('at opening: %s', async (_what, damage) => {
      await leaveState()
      damage()
      await expect(open()).rejects.toMatchObject({ code: 'MILLRACE_STORE_CORRUPT', kind: 'retriable' })
      // Nothing is held: the directory can be moved away and a new state made, by this very process.
      rmSync(directory, { recursive: true })
      const state = await open()
      expect(await state.offsets()).toEqual([])
      await state.close()
    })

    it('at reading, when the damage is within a table', async () => {
      await leaveState()
      const table = fileOf(/\.sst$/)
      const content = readFileSync(table)
      content.fill(0xa5, 20_000, 30_000)
      writeFileSync(table, content)
      const state = await open()
      const store = state.store('a')
      const keys = Array.from({ length: 5000 }, (_, number) => Buffer.from(String(number).padStart(8, '0')))
      const corrupt = { code: 'MILLRACE_STORE_CORRUPT' }
      const readAll = async (): Promise<void> => {
        for await (const entry of store.iterate()) expect(entry).toHaveLength(2)
      }
      await expect(readAll()).rejects.toMatchObject(corrupt)
      await expect(store.getMany(keys)).rejects.toMatchObject(corrupt)
      const each = await Promise.allSettled(keys.map(key => store.get(key)))
      const failures = each.filter(outcome => outcome.status === 'rejected')
      expect(failures.length).toBeGreaterThan(0)
      expect(failures.length).toBeLessThan(keys.length)
      for (const { reason } of failures) expect(reason).toMatchObject(corrupt)
      await state.close()
    })
  })

  it('loses only the unfinished end of a log that was cut off in a write, entries and position alike', async () => {
    const first = await open()
    await first.write([{ store: 'a', keys: [Buffer.from('k')], values: [Buffer.from('1')] }], [POSITION])
    await first.write(
      [{ store: 'a', keys: [Buffer.from('k')], values: [Buffer.alloc(500)] }],
      [{ ...POSITION, offset: 4 }],
    )
    await first.close()
    const log = fileOf(/\.log$/)
    truncateSync(log, readFileSync(log).length - 100)
    const second = await open()
    expect(Buffer.from((await second.store('a').get(Buffer.from('k')))!).toString()).toBe('1')
    expect(await second.offsets()).toEqual([POSITION])
    await second.close()
  })

  it.each([
    ['of a later version', u32(99)],
    ['of nobody knows what', Buffer.from('x')],
  ])('refuses a format %s, and does not keep the directory locked', async (_what, format) => {
    await leaveState()
    const before = new RocksDB(directory)
    const batch = before.write({ capacity: 1, autoDestroy: true })
    batch.tryPut(FORMAT_KEY, format)
    await batch.flush()
    await before.close()
    await expect(open()).rejects.toMatchObject({ code: 'MILLRACE_STORE_FORMAT', kind: 'config' })
    const after = new RocksDB(directory)
    await after.ready()
    await after.close()
  })

  it('refuses a database that something else wrote', async () => {
    const other = new RocksDB(directory)
    const batch = other.write({ capacity: 1, autoDestroy: true })
    batch.tryPut(Buffer.from('something'), Buffer.from('else'))
    await batch.flush()
    await other.close()
    await expect(open()).rejects.toMatchObject({ code: 'MILLRACE_STORE_FORMAT' })
  })

  it('is MILLRACE_STORE_LOCKED while another process has it, and free when that one is killed', async () => {
    const holder = await inAnotherProcess(`${PRELUDE}
    const state = await rocksdb().open({ directory: ${JSON.stringify(directory)}, stores: ['a'], logger })
    await state.write([{ store: 'a', keys: [Buffer.from('k')], values: [Buffer.from('v')] }], [])
    setInterval(() => {}, 1000)
    console.log('holds')`)
    try {
      expect(holder.line).toBe('holds')
      await expect(open()).rejects.toMatchObject({
        code: 'MILLRACE_STORE_LOCKED',
        message: expect.stringContaining('another process'),
      })
    } finally {
      await holder.kill()
    }
    const state = await open()
    // Written without a sync, and there although the writer was killed.
    expect(Buffer.from((await state.store('a').get(Buffer.from('k')))!).toString()).toBe('v')
    await state.close()
  })

  it('says what to do where the native module cannot be loaded', async () => {
    const child = await inAnotherProcess(`
    process.dlopen = () => { throw new Error('libatomic.so.1: cannot open shared object file') }
    ${PRELUDE}
    await rocksdb().open({ directory: ${JSON.stringify(directory)}, stores: [], logger }).catch(error =>
      console.log(error.code + ' | ' + error.message + ' | ' + error.hint))`)
    await child.kill()
    expect(child.line).toContain('MILLRACE_STORE_BINDING_MISSING | ')
    expect(child.line).toContain('libatomic.so.1')
    expect(child.line).toContain('memoryStore()')
  })

  it('does not keep a process alive that forgets to close, nor crash one that ends with open iterators', async () => {
    const child = await inAnotherProcess(`${PRELUDE}
    const state = await rocksdb().open({ directory: ${JSON.stringify(directory)}, stores: ['a'], logger })
    const keys = Array.from({ length: 2000 }, (_, number) => Buffer.from(String(number)))
    await state.write([{ store: 'a', keys, values: keys }], [])
    state.store('a').snapshot()
    await state.store('a').iterate().nextChunk()
    process.on('exit', code => console.log('exit ' + code))`)
    await child.kill()
    expect(child.line).toBe('exit 0')
  })

  it('closes while reads, writes and iterations are under way', async () => {
    await leaveState()
    for (let round = 0; round < 10; round++) {
      const state = await open()
      const store = state.store('a')
      const keys = Array.from({ length: 1000 }, (_, number) => Buffer.from(String(number * 5).padStart(8, '0')))
      const iterator = store.iterate()
      const busy = [
        store.getMany(keys),
        store.get(keys[0]!),
        state.write([{ store: 'a', keys, values: keys }], [POSITION]),
        iterator.nextChunk(),
        store.approximateCount(),
        state.offsets(),
      ]
      const outcomes = Promise.allSettled(busy)
      for (let turns = 0; turns < round; turns++) await turn()
      await state.close()
      const reasons = (await outcomes).flatMap(outcome => (outcome.status === 'rejected' ? [outcome.reason] : []))
      expect(reasons).toEqual(reasons.map(() => expect.objectContaining({ code: 'MILLRACE_STORE_CLOSED' })))
    }
    const state = await open()
    expect(await state.offsets()).toEqual([POSITION])
    await state.close()
  })

  it('refuses writes after RocksDB could not write a file, with what it says', async () => {
    const state = await open()
    const put = () => state.write([{ store: 'a', keys: [Buffer.from('k')], values: [Buffer.from('v')] }], [])
    await put()
    rmSync(directory, { recursive: true })
    await expect(state.sync()).rejects.toMatchObject({ kind: 'retriable' })
    await expect(put()).rejects.toMatchObject({ message: expect.stringMatching(/No such file or directory/) })
    await state.close().catch(() => {})
  })

  it('survives threads that end with reads and writes on their way', async () => {
    const child = await inAnotherProcess(`${PRELUDE}
      const { Worker, isMainThread, workerData, parentPort } = await import('node:worker_threads')
      const program = ${JSON.stringify(`${PRELUDE}
        const { workerData, parentPort } = await import('node:worker_threads')
        const state = await rocksdb().open({ directory: workerData, stores: ['a'], logger })
        const keys = Array.from({ length: 3000 }, (_, number) => Buffer.from(String(number)))
        for (;;) {
          const busy = [state.write([{ store: 'a', keys, values: keys }], []), state.store('a').getMany(keys)]
          parentPort.postMessage('busy')
          await Promise.all(busy)
        }`)}
      for (let round = 0; round < 8; round++) {
        const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(program)),
          { workerData: ${JSON.stringify(directory)} + round, execArgv: ['--conditions=millrace-source'] })
        await new Promise((busy, failed) => worker.once('message', busy).once('error', failed))
        await worker.terminate()
      }
      console.log('all ended')`)
    await child.kill()
    expect(child.line).toBe('all ended')
    for (let round = 0; round < 8; round++) rmSync(`${directory}${round}`, { recursive: true, force: true })
  })
})
