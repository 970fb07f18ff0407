import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { seededRandom } from '@millrace/core'
import { rocksdb } from 'millrace'
import { describe, expect, it } from 'vitest'
import { workerGroup } from '../processes/worker-group.ts'
import { eventually, type WrittenRecord } from '../topic-io.ts'
import { countByKey } from './count-by-key.ts'
import { type MemoryApps, memoryApps } from './memory-app.ts'

const KEYS = 5_000
const everyKeyOnce: readonly WrittenRecord[] = Array.from({ length: KEYS }, (_, n) => {
  return { partition: 0, key: `key-${n}`, value: 'x', timestamp: 1_000 + n }
})

async function withTopics(): Promise<MemoryApps> {
  const apps = await memoryApps()
  await apps.io.createTopic('in', 1)
  await apps.io.createTopic('out', 1)
  return apps
}

/** Counts every key once more, and gives the different counts that the keys have then. */
async function countOnce(apps: MemoryApps): Promise<readonly bigint[]> {
  const app = apps.app(countByKey(), { store: rocksdb() })
  await app.start()
  const before = (await apps.io.readAll('out')).length
  await apps.io.produce('in', everyKeyOnce)
  const results = await eventually(
    'results',
    20_000,
    () => apps.io.readAll('out'),
    ({ length }) => length >= before + KEYS,
  )
  await app.close()
  const last = new Map(results.map(({ key, value }) => [String(key), value!.readBigInt64BE()]))
  return [...new Set(last.values())]
}

async function openAndClose(apps: MemoryApps): Promise<void> {
  const app = apps.app(countByKey(), { store: rocksdb() })
  await app.start()
  await app.close()
}

async function overwrite(path: string, file: RegExp, change: (content: Buffer) => Buffer): Promise<void> {
  const names = (await readdir(path)).filter(name => file.test(name))
  expect(names, `${file} in ${(await readdir(path)).join(' ')}`).not.toEqual([])
  for (const name of names) await writeFile(join(path, name), change(await readFile(join(path, name))))
}

const random = seededRandom(7)
const noise = (content: Buffer) => Buffer.from(content.map(() => Math.floor(random() * 256)))
const noiseInTheMiddle = (content: Buffer) => {
  const from = Math.floor(content.length / 3)
  return Buffer.concat([content.subarray(0, from), noise(content.subarray(from, 2 * from)), content.subarray(2 * from)])
}

/** In one block of many: neither the opening nor a look at the last key comes across it. */
const noiseInOneBlock = (content: Buffer) => {
  const from = Math.floor(content.length / 3)
  return Buffer.concat([
    content.subarray(0, from),
    noise(content.subarray(from, from + 50)),
    content.subarray(from + 50),
  ])
}

describe('a corrupted store', { timeout: 30_000 }, () => {
  it.each([
    { what: 'no pointer to its manifest', file: /^CURRENT$/, change: noise },
    { what: 'a manifest of noise', file: /^MANIFEST/, change: noise },
    { what: 'an empty manifest', file: /^MANIFEST/, change: () => Buffer.alloc(0) },
    { what: 'tables of noise', file: /\.sst$/, change: noise },
    { what: 'tables with noise in the middle', file: /\.sst$/, change: noiseInTheMiddle },
    { what: 'tables that show it only when a record is read', file: /\.sst$/, change: noiseInOneBlock },
    {
      what: 'tables that are cut off',
      file: /\.sst$/,
      change: (content: Buffer) => content.subarray(0, content.length / 2),
    },
  ])('with $what is moved aside, restored from the changelog, and said in the log', async ({ file, change }) => {
    await using apps = await withTopics()
    // A store writes its log out into a table when it is opened again.
    expect(await countOnce(apps)).toEqual([1n])
    await openAndClose(apps)
    const applicationDirectory = join(apps.stateDir, 'app')
    await overwrite(join(applicationDirectory, '0_0'), file, change)
    expect(await countOnce(apps)).toEqual([2n])
    expect(await readdir(applicationDirectory)).toContain('0_0.corrupt-1')
    const moved = apps.lines.filter(({ message }) => message.startsWith('Moved a corrupted state aside'))
    expect(moved).toMatchObject([{ level: 'warn', fields: { movedTo: join(applicationDirectory, '0_0.corrupt-1') } }])
    expect(moved[0]!.fields['cause']).toMatchObject({ code: 'MILLRACE_STORE_CORRUPT' })
    // And goes on as if nothing had been.
    expect(await countOnce(apps)).toEqual([3n])
  })
})

describe('a state directory that is in use', () => {
  it('by another process: the application does not start, and names the directory and the process', async () => {
    await using apps = await withTopics()
    await using group = await workerGroup()
    const script = new URL('hold-state-process.ts', import.meta.url)
    const holder = group.start('holder', script, { stateDir: apps.stateDir })
    await holder.told(({ type }) => type === 'holding')
    const app = apps.app(countByKey(), { store: rocksdb() })
    await expect(app.start()).rejects.toMatchObject({
      code: 'MILLRACE_STORE_LOCKED',
      kind: 'config',
      message: expect.stringMatching(/state directory .*app.*process \d+/) as unknown,
      hint: expect.stringMatching(/needs its own stateDir.* STATE_DIR=.* stop process \d+ first\.$/) as unknown,
    })
    expect(app.state).toBe('ERROR')

    // A process that was killed holds nothing.
    holder.signal('SIGKILL')
    await holder.exited
    const another = apps.app(countByKey(), { store: rocksdb() })
    await another.start()
    expect(another.state).toBe('RUNNING')
  })

  it('by another instance in this process: the application does not start', async () => {
    await using apps = await withTopics()
    await apps.app(countByKey(), { store: rocksdb() }).start()
    const second = apps.app(countByKey(), { store: rocksdb() })
    await expect(second.start()).rejects.toMatchObject({ code: 'MILLRACE_STORE_LOCKED' })
  })
})
