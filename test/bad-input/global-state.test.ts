import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type KafkaStreams, rocksdb, silentLogger, StreamsBuilder, string, systemClock } from 'millrace'
import { describe, expect, it } from 'vitest'
import { eventually } from '../topic-io.ts'
import { type MemoryApps, memoryApps } from './memory-app.ts'

const texts = { key: string(), value: string() }
const COUNTRIES = ['de', 'fr', 'it']
const ALL = COUNTRIES.map(code => `${code} is ${code.toUpperCase()}`)

function named() {
  const builder = new StreamsBuilder()
  const countries = builder.globalTable('countries', { ...texts, store: 'countries' })
  builder
    .stream('orders', texts)
    .join(
      countries,
      code => code,
      (code, name) => `${code} is ${name}`,
    )
    .to('named', texts)
  return builder.build()
}

async function withCountries(): Promise<MemoryApps> {
  const apps = await memoryApps()
  for (const topic of ['countries', 'orders', 'named']) await apps.io.createTopic(topic, 1)
  await apps.io.produce(
    'countries',
    COUNTRIES.map(key => ({ partition: 0, key, value: key.toUpperCase(), timestamp: 1 })),
  )
  return apps
}

interface Run {
  readonly restored: readonly number[]
  readonly named: readonly string[]
}

/** Starts the application, has each country looked up, and gives how many records of the table each start has read. */
async function lookUp(apps: MemoryApps): Promise<Run> {
  const app: KafkaStreams = apps.app(named(), { store: rocksdb() })
  const restored: number[] = []
  app.on('restoreEnd', ({ task, restored: count }) => void (task === 'global' && restored.push(count)))
  await app.start()
  const before = (await apps.io.readAll('named')).length
  await apps.io.produce(
    'orders',
    COUNTRIES.map(value => ({ partition: 0, key: 'k', value, timestamp: 2 })),
  )
  const enough = ({ length }: { readonly length: number }) => length >= before + COUNTRIES.length
  const results = await eventually('orders', 20_000, () => apps.io.readAll('named'), enough)
  await app.close()
  return { restored, named: results.slice(before).map(({ value }) => String(value)) }
}

describe('the state of a global table', { timeout: 60_000 }, () => {
  it('is moved aside when it is corrupt, read again from its topic, and said', async () => {
    await using apps = await withCountries()
    expect(await lookUp(apps)).toEqual({ restored: [3], named: ALL })
    expect(await lookUp(apps)).toEqual({ restored: [0], named: ALL })
    const directory = join(apps.stateDir, 'app', 'global')
    const current = join(directory, 'CURRENT')
    await writeFile(
      current,
      (await readFile(current)).map(byte => byte ^ 0x5a),
    )
    expect(await lookUp(apps)).toEqual({ restored: [3], named: ALL })
    expect(await readdir(join(apps.stateDir, 'app'))).toContain('global.corrupt-1')
    const moved = apps.lines.filter(({ message }) => message.startsWith('Moved a corrupted state aside'))
    expect(moved).toMatchObject([{ level: 'warn', fields: { movedTo: `${directory}.corrupt-1` } }])
  })

  it('is read again from the beginning, and said, when its topic no longer has the position', async () => {
    await using apps = await withCountries()
    expect((await lookUp(apps)).restored).toEqual([3])
    await apps.io.produce(
      'countries',
      COUNTRIES.map(key => ({ partition: 0, key, value: key.toUpperCase(), timestamp: 3 })),
    )
    const admin = apps.client({ clientId: 'admin', clock: systemClock, logger: silentLogger }).admin()
    await admin.deleteRecords([{ topic: 'countries', partition: 0, offset: 4 }])
    // What was deleted with them has come again, so that the topic still has all.
    await apps.io.produce('countries', [{ partition: 0, key: 'de', value: 'DE', timestamp: 4 }])
    expect(await lookUp(apps)).toEqual({ restored: [3], named: ALL })
    const said = apps.lines.filter(({ message }) => message.startsWith('the topic no longer contains the position'))
    expect(said).toMatchObject([
      { level: 'warn', fields: { store: 'countries', topic: 'countries', partition: 0, position: 3, earliest: 4 } },
    ])
  })
})
