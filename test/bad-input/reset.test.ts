import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { ManualClock } from '@millrace/core'
import { withFaults } from '@millrace/testing'
import { formatReset, resetApplication, type ResetOptions, rocksdb, StreamsBuilder, string, long } from 'millrace'
import { describe, expect, it } from 'vitest'
import { eventually } from '../topic-io.ts'
import { type MemoryApps, memoryApps } from './memory-app.ts'

const texts = { key: string(), value: string() }

/** Counts words: one repartition topic, one changelog. */
function topology(topic = 'lines') {
  const builder = new StreamsBuilder()
  builder
    .stream(topic, texts)
    .groupBy(word => word, { ...texts, name: 'by-word' })
    .count({ store: 'counts' })
    .toStream()
    .to('out', { key: string(), value: long() })
  return builder.build()
}

const INTERNAL = ['app-by-word-repartition', 'app-counts-changelog']

async function counted(apps: MemoryApps): Promise<readonly string[]> {
  const before = (await apps.io.readAll('out')).length
  const app = apps.app(topology(), { store: rocksdb() })
  await app.start()
  const records = await eventually(
    'results',
    20_000,
    () => apps.io.readAll('out'),
    found => found.length >= before + 4,
  )
  await app.close()
  return records
    .slice(before)
    .map(({ key, value }) => `${String(key)}=${value!.readBigInt64BE()}`)
    .sort()
}

/** An application that has counted four words, and does not run any more. */
async function finished(): Promise<MemoryApps> {
  const apps = await memoryApps()
  await apps.io.createTopic('lines', 2)
  await apps.io.createTopic('out', 1)
  const words = ['a', 'b', 'c', 'd']
  await apps.io.produce(
    'lines',
    words.map((value, n) => ({ partition: n % 2, key: null, value, timestamp: 1_000 * (n + 1) })),
  )
  expect(await counted(apps)).toEqual(['a=1', 'b=1', 'c=1', 'd=1'])
  return apps
}

async function stateOf(apps: MemoryApps) {
  return {
    offsets: await apps.io.committed('app', 'lines'),
    topics: await apps.io.topics(),
    local: existsSync(join(apps.stateDir, 'app')),
  }
}

const reset = (apps: MemoryApps, options: Partial<ResetOptions> = {}) =>
  resetApplication({ applicationId: 'app', client: apps.client, stateDir: apps.stateDir, ...options })

describe('a reset', () => {
  it.each([
    ['with the topology', { topology: topology() }],
    ['by names alone', { inputTopics: ['lines'] }],
  ])('%s lets the application compute everything again, and a dry run says so before', async (_how, options) => {
    await using apps = await finished()
    const before = await stateOf(apps)
    expect(before).toEqual({ offsets: [2, 2], topics: [...INTERNAL, 'lines', 'out'], local: true })
    const planned = await reset(apps, { ...options, dryRun: true })
    expect(await stateOf(apps)).toEqual(before)
    const done = await reset(apps, options)
    expect(done).toEqual({ ...planned, dryRun: false })
    expect(done).toMatchObject({
      offsets: [
        { topic: 'lines', partition: 0, from: 2, to: 0 },
        { topic: 'lines', partition: 1, from: 2, to: 0 },
      ],
      deletedTopics: INTERNAL,
    })
    expect(await stateOf(apps)).toEqual({ offsets: [0, 0], topics: ['lines', 'out'], local: false })
    expect(await counted(apps)).toEqual(['a=1', 'b=1', 'c=1', 'd=1'])
  })

  it('goes where it is told, and skips intermediate topics to their ends', async () => {
    await using apps = await finished()
    await apps.io.createTopic('between', 1)
    await apps.io.produce('between', [{ partition: 0, key: null, value: 'x', timestamp: 1 }])
    const at = async (to: ResetOptions['to'] & {}) => {
      const { offsets } = await reset(apps, {
        inputTopics: ['lines'],
        intermediateTopics: ['between'],
        to,
        dryRun: true,
      })
      return offsets.map(each => each.to)
    }
    expect(await at('latest')).toEqual([2, 2, 1])
    expect(await at({ offset: 1 })).toEqual([1, 1, 1])
    expect(await at({ shiftBy: -1 })).toEqual([1, 1, 1])
    expect(await at({ time: 2_500 })).toEqual([1, 1, 1])
    expect(await at({ time: 3_500 })).toEqual([2, 1, 1])
    expect(await at({ backMs: 60_000 })).toEqual([2, 2, 1])
    expect(await at({ offsets: [{ topic: 'lines', partition: 1, offset: 1 }] })).toEqual([1, 1])
  })

  it('is refused while the application runs, which a dry run says, too', async () => {
    await using apps = await finished()
    const app = apps.app(topology(), { store: rocksdb() })
    await app.start()
    const before = await stateOf(apps)
    await expect(reset(apps, { topology: topology() })).rejects.toMatchObject({
      code: 'MILLRACE_GROUP_ACTIVE',
      message: expect.stringMatching(/The group "app" has active members: app-/) as unknown,
      hint: expect.stringContaining('Stop all instances') as unknown,
    })
    const planned = await reset(apps, { topology: topology(), dryRun: true })
    expect(planned.obstacles.map(({ code }) => code)).toEqual(['MILLRACE_GROUP_ACTIVE', 'MILLRACE_STORE_LOCKED'])
    expect(formatReset(planned)).toContain('The reset would be rejected:\n  MILLRACE_GROUP_ACTIVE')
    await expect(reset(apps, { topology: topology(), force: true })).rejects.toMatchObject({
      code: 'MILLRACE_STORE_LOCKED',
    })
    expect(await stateOf(apps)).toEqual(before)
  })

  it('by force takes members out that are not there any more', async () => {
    await using apps = await finished()
    const app = apps.app(topology(), { store: rocksdb() })
    await app.start()
    await app.close({ leave: false })
    await expect(reset(apps, { topology: topology() })).rejects.toMatchObject({ code: 'MILLRACE_GROUP_ACTIVE' })
    const done = await reset(apps, { topology: topology(), force: true })
    expect(done.members).toHaveLength(1)
    expect(await stateOf(apps)).toEqual({ offsets: [0, 0], topics: ['lines', 'out'], local: false })
  })

  it('says where it broke off, and goes on from there when it is run again', async () => {
    await using apps = await finished()
    const clock = new ManualClock(1_000)
    const client = withFaults(apps.client, {
      seed: 1,
      clock,
      probabilities: { disconnect: 1 },
      applies: operation => operation === 'admin.deleteTopics',
    })
    let failure: unknown
    const ended = reset(apps, { topology: topology(), client, clock }).catch((error: unknown) => (failure = error))
    while (failure === undefined) {
      await clock.advance(1_000)
      await setImmediate()
    }
    await ended
    expect(failure).toMatchObject({
      code: 'MILLRACE_RESET_INCOMPLETE',
      message: expect.stringContaining('while deleting the topic "app-by-word-repartition"') as unknown,
      hint: expect.stringContaining('Run the reset again') as unknown,
    })
    expect(await stateOf(apps)).toEqual({ offsets: [0, 0], topics: [...INTERNAL, 'lines', 'out'], local: false })
    await reset(apps, { topology: topology() })
    expect(await stateOf(apps)).toEqual({ offsets: [0, 0], topics: ['lines', 'out'], local: false })
  })

  it.each<[string, Partial<ResetOptions>, string, string]>([
    ['a topic that is not there', { inputTopics: ['linse'] }, 'MILLRACE_TOPIC_MISSING', 'The topic "linse"'],
    ['an intermediate one', { intermediateTopics: ['x'] }, 'MILLRACE_TOPIC_MISSING', 'The topic "x"'],
    ['a topic that the topology misses', { topology: topology('linse') }, 'MILLRACE_TOPIC_MISSING', '"linse"'],
    [
      'a topic that the topology does not read',
      { topology: topology(), inputTopics: ['out'] },
      'MILLRACE_RESET_INVALID',
      'does not read "out", only lines',
    ],
    [
      'an offset beyond the end',
      { inputTopics: ['lines'], to: { offset: 3 } },
      'MILLRACE_RESET_INVALID',
      'lines-0 has no offset 3, it goes from 0 to 2',
    ],
    [
      'a partition that is not there',
      { to: { offsets: [{ topic: 'lines', partition: 7, offset: 0 }] } },
      'MILLRACE_RESET_INVALID',
      'lines-7 is not a partition',
    ],
    [
      'a shift from nowhere',
      { inputTopics: ['out'], to: { shiftBy: 1 } },
      'MILLRACE_RESET_INVALID',
      'out-0 has no committed offset',
    ],
    [
      'a topic that is not internal',
      { internalTopics: ['out'] },
      'MILLRACE_RESET_INVALID',
      'not internal topics of it: out',
    ],
    ['no offset', { to: { offset: -1 } }, 'MILLRACE_RESET_INVALID', '-1 is no offset'],
    ['no application', { applicationId: '' }, 'MILLRACE_CONFIG_INVALID', 'applicationId'],
  ])('to %s is refused by name, and changes nothing', async (_what, options, code, message) => {
    await using apps = await finished()
    const before = await stateOf(apps)
    await expect(reset(apps, options)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as unknown,
    })
    expect(await stateOf(apps)).toEqual(before)
  })
})

it('a report reads as what was, or would be, done', async () => {
  await using apps = await finished()
  const planned = await reset(apps, { topology: topology(), dryRun: true })
  const text = formatReset({ ...planned, localState: { path: 'state/app', entries: ['0_0'], holder: undefined } })
  expect(text).toBe(
    [
      'Dry run of a reset of "app": nothing was changed',
      'Local state to delete:',
      '  state/app/0_0',
      'Offsets to set:',
      '  lines-0  2 → 0',
      '  lines-1  2 → 0',
      'Internal topics to delete:',
      ...INTERNAL.map(topic => `  ${topic}`),
    ].join('\n'),
  )
  const nothing = await resetApplication({ applicationId: 'other', client: apps.client, stateDir: apps.stateDir })
  expect(formatReset(nothing)).toBe('"other" was reset\n  nothing to do')
})
