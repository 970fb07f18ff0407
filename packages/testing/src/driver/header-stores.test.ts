import { readFileSync } from 'node:fs'
import {
  bytes,
  type Headers,
  keyValueStore,
  keyValueStoreWithHeaders,
  type ProcessorContext,
  sessionStoreWithHeaders,
  StreamsBuilder,
  string,
  topologyOutline,
  windowStoreWithHeaders,
} from '@millrace/core'
import { expect, it } from 'vitest'
import { gathered } from './test-stores.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const texts = { key: string(), value: string() }
const RETENTION_MS = 300_000
const keys = keyValueStoreWithHeaders({ ...texts, name: 'keys' })
const windows = windowStoreWithHeaders({ ...texts, name: 'windows', windowSizeMs: 100, retentionMs: RETENTION_MS })
const sessions = sessionStoreWithHeaders({ ...texts, name: 'sessions', retentionMs: RETENTION_MS })

const shown = (headers: Headers) =>
  `[${headers.map(({ key, value }) => `${key}=${value === null ? 'null' : Buffer.from(value).toString()};`).join('')}]`

/** Swaps what the stores have for what comes. */
function swapping() {
  const builder = new StreamsBuilder()
  builder
    .addStateStore(keys)
    .addStateStore(windows)
    .addStateStore(sessions)
    .stream('in', { key: string(), value: string() })
    .process<string, string>(
      () => {
        let context!: ProcessorContext<string, string>
        return {
          init: given => {
            context = given
          },
          process: async ({ key, value: given, timestamp, headers: recordHeaders }) => {
            const value = given as string | null
            const start = Math.floor(timestamp / 100) * 100
            const session = { key, window: { start, end: start + 5 } }
            const byKey = await context.store(keys).get(key)
            const byWindow = await context.store(windows).fetch(key, start)
            const bySession = await context.store(sessions).fetchSession(key, session.window)
            const found = [
              byKey === undefined ? 'null' : `${byKey.value}@${byKey.timestamp}${shown(byKey.headers)}`,
              byWindow === undefined ? 'null' : `${byWindow.value}@${byWindow.timestamp}${shown(byWindow.headers)}`,
              bySession === undefined ? 'null' : `${bySession.value}${shown(bySession.headers)}`,
            ]
            const headers = [...recordHeaders, { key: 'own', value: Buffer.from(key) }]
            const put = (at: number) => (value === null ? null : { value, timestamp: at, headers })
            context.store(keys).put(key, put(timestamp + 1000))
            context.store(windows).put(key, put(timestamp + 1), start)
            context.store(sessions).put(session, value === null ? null : { value, headers })
            await context.forward({ key, value: found.join(',') })
          },
        }
      },
      { stores: ['keys', 'windows', 'sessions'] },
    )
    .to('out', texts)
  return builder.build()
}

// Made by Kafka Streams itself: see test/differential/describe-java/HeaderStores.java.
const java = readFileSync(new URL('fixtures/header-stores.txt', import.meta.url), 'utf8')
  .trim()
  .split('\n')

function readHeaders(text: string): Headers {
  return [...text.matchAll(/(\w+)=(\w+);/g)].map(([, key = '', value = '']) => ({
    key,
    value: value === 'null' ? null : Buffer.from(value),
  }))
}

it.each([
  ['without a restart', undefined],
  ['after restarts with the disk kept', { kept: true }],
  ['after restarts with the disk lost', { kept: false }],
] as const)('keeps, logs and restores headers record for record as Kafka Streams does: %s', async (_name, restarts) => {
  await using driver = await TopologyTestDriver.create(swapping())
  const input = driver.createInputTopic('in', texts)
  const changelogs = ['keys', 'windows', 'sessions'].map(name => {
    const output = driver.createOutputTopic(`topology-test-driver-${name}-changelog`, { key: bytes(), value: string() })
    return { name, output }
  })
  const out = driver.createOutputTopic('out', texts)
  const lines: string[] = []
  let piped = 0
  for (const line of java.filter(each => each.startsWith('in '))) {
    if (restarts !== undefined && ++piped % 20 === 0) {
      await driver.removeInstance(piped / 20 - 1, { crash: true })
      await driver.addInstance(restarts.kept ? { stateOf: piped / 20 - 1 } : {})
    }
    const [, key = '', value = '', timestamp, headers = ''] = line.split(' ')
    const options = { timestamp: Number(timestamp), headers: readHeaders(headers) }
    await input.pipeInput(key, value === 'null' ? null : value, options)
    lines.push(line)
    for (const { name, output } of changelogs) {
      for (const record of output.readRecordsToList()) {
        const hex = Buffer.from(record.key!).toString('hex')
        lines.push(`${name} ${hex} ${record.value} ${record.timestamp} ${shown(record.headers)}`)
      }
    }
    for (const record of out.readRecordsToList()) {
      lines.push(`out ${record.key} ${record.value} ${record.timestamp} ${shown(record.headers)}`)
    }
  }
  expect(lines).toEqual(java)
})

it('gives headers in walks through the store, before a commit and after it', async () => {
  await using driver = await TopologyTestDriver.create(swapping(), { commitEachRecord: false })
  const input = driver.createInputTopic('in', texts)
  const walk = async () => (await gathered(driver.store(keys).all())).map(([, { headers }]) => shown(headers))
  await input.pipeInput('a', 'x', { headers: [{ key: 't', value: Buffer.from('1') }] })
  expect(await walk()).toEqual(['[t=1;own=a;]'])
  await driver.commit()
  expect(await walk()).toEqual(['[t=1;own=a;]'])
  const inSessions = await gathered(driver.store(sessions).fetch('a'))
  expect(inSessions.map(([, { value, headers }]) => value + shown(headers))).toEqual(['x[t=1;own=a;]'])
})

it('is not taken for a store without headers', () => {
  const outline = (store: Parameters<StreamsBuilder['addStateStore']>[0]) => {
    const builder = new StreamsBuilder().addStateStore(store)
    builder.stream('in', texts).process(() => ({ process: () => undefined }), { stores: [store.name] })
    return topologyOutline(builder.build()).stores['keys']
  }
  expect(outline(keys)).not.toEqual(outline(keyValueStore({ ...texts, name: 'keys' })))
})
