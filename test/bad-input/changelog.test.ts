import { type Admin, type KafkaStreams, rocksdb, silentLogger, systemClock } from 'millrace'
import { describe, expect, it } from 'vitest'
import { eventually } from '../topic-io.ts'
import { countByKey } from './count-by-key.ts'
import { type MemoryApps, memoryApps } from './memory-app.ts'

const KEYS = 20
const CHANGELOG = { topic: 'app-counts-changelog', partition: 0 }
const LOST = 'the changelog no longer contains the position of the local state: restoring from the beginning'

async function withTopics(): Promise<MemoryApps> {
  const apps = await memoryApps()
  for (const topic of ['in', 'out']) await apps.io.createTopic(topic, 1)
  return apps
}

/** Counts every key once more on the state of a directory, and gives the count of each key then. */
async function countOnce(apps: MemoryApps, directory: string): Promise<readonly bigint[]> {
  const stateDir = `${apps.stateDir}/${directory}`
  const app: KafkaStreams = apps.app(countByKey(), { store: rocksdb(), stateDir })
  await app.start()
  const before = (await apps.io.readAll('out')).length
  const input = Array.from({ length: KEYS }, (_, n) => ({ partition: 0, key: `key-${n}`, value: 'x', timestamp: n }))
  await apps.io.produce('in', input)
  const enough = ({ length }: { readonly length: number }) => length >= before + KEYS
  const results = await eventually('results', 20_000, () => apps.io.readAll('out'), enough)
  await app.close()
  return results.slice(before).map(({ value }) => value!.readBigInt64BE())
}

const times = (count: bigint, length: number) => Array.from({ length }, () => count)
const said = (apps: MemoryApps) => apps.lines.filter(({ level, message }) => level === 'warn' && message === LOST)

function adminOf(apps: MemoryApps): Admin {
  return apps.client({ clientId: 'admin', clock: systemClock, logger: silentLogger }).admin()
}

describe('state whose changelog has moved on without it', () => {
  it('is rebuilt from what is left, and said, when the changelog was truncated beyond its position', async () => {
    await using apps = await withTopics()
    expect(await countOnce(apps, 'one')).toEqual(times(1n, KEYS))
    expect(await countOnce(apps, 'other')).toEqual(times(2n, KEYS))
    expect(said(apps)).toEqual([])
    const truncated = KEYS + 5
    await adminOf(apps).deleteRecords([{ ...CHANGELOG, offset: truncated }])
    // What has gone is counted again: it can be found nowhere.
    expect(await countOnce(apps, 'one')).toEqual([...times(1n, 5), ...times(3n, KEYS - 5)])
    expect(said(apps)).toMatchObject([
      { fields: { store: 'counts', position: KEYS, earliest: truncated, latest: 2 * KEYS } },
    ])
  })

  it('is rebuilt, and said, when the changelog was deleted and recreated', async () => {
    await using apps = await withTopics()
    expect(await countOnce(apps, 'one')).toEqual(times(1n, KEYS))
    await adminOf(apps).deleteTopics([CHANGELOG.topic])
    expect(await countOnce(apps, 'one')).toEqual(times(1n, KEYS))
    expect(said(apps)).toMatchObject([{ fields: { store: 'counts', position: KEYS, earliest: 0, latest: 0 } }])
  })

  it('goes on where it is when the changelog was truncated up to its position only', async () => {
    await using apps = await withTopics()
    expect(await countOnce(apps, 'one')).toEqual(times(1n, KEYS))
    await adminOf(apps).deleteRecords([{ ...CHANGELOG, offset: KEYS }])
    expect(await countOnce(apps, 'one')).toEqual(times(2n, KEYS))
    expect(said(apps)).toEqual([])
  })
})
