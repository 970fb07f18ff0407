import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { json, string } from '@millrace/core'
import { KafkaStreams } from '@millrace/runtime'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { openTopics, type Topics } from '../topics.ts'
import { runCommand } from './command.ts'
import { application, type Order } from './modules/shop.fixture.ts'

const MODULE = fileURLToPath(new URL('./modules/shop.fixture.ts', import.meta.url))
const { plan, options } = application
const orders = { key: string(), value: json<Order>() }

let streams: KafkaStreams
let topics: Topics

beforeAll(async () => {
  topics = await openTopics(options.client)
  await topics.write('orders', orders, [
    { key: 'a', value: { item: 'tea', amount: 3 }, timestamp: 1_000 },
    { key: 'b', value: { item: 'cake', amount: -1 }, timestamp: 2_000 },
    { key: 'c', value: { item: 'tea', amount: 2 }, timestamp: 3_000 },
  ])
  streams = new KafkaStreams(plan, options)
  await streams.start()
  await vi.waitFor(async () => expect(JSON.parse((await run('lag', MODULE, '--json')).text).lag).toBe(0), {
    timeout: 20_000,
  })
})

afterAll(async () => {
  await streams.close()
  await topics.close()
})

async function run(...args: readonly string[]) {
  return await runWith(args)
}

async function runWith(args: readonly string[], input?: readonly string[]) {
  const lines: string[] = []
  const print = (line: string) => void lines.push(line)
  async function* given() {
    yield* input!
  }
  const output = { print, printError: print, ...(input !== undefined && { input: given() }) }
  return { status: await runCommand(args, output), text: lines.join('\n') }
}

const jsonLines = (text: string) => text.split('\n').map(line => JSON.parse(line) as Record<string, unknown>)

it('describe prints the topology in every form', async () => {
  expect((await run('describe', MODULE)).text).toContain('Sub-topology: 0')
  expect((await run('describe', MODULE, '--mermaid')).text).toMatch(/^(flowchart|graph)/)
  expect(JSON.parse((await run('describe', MODULE, '--json')).text)).toHaveProperty('nodes')
  expect(JSON.parse((await run('describe', MODULE, '--outline')).text)).toHaveProperty('stores')
  expect(await run('describe', MODULE, '--json', '--mermaid')).toMatchObject({ status: 2 })
})

it('lag tells each input partition, and fails where one is too far behind', async () => {
  const { status, text } = await run('lag', MODULE)
  expect(status).toBe(0)
  expect(text).toMatch(/^topic +partition +task +committed +end +lag +stream time\n/)
  expect(text).toContain('1970-01-01T00:00:0')
  expect(text).toContain('0 records in all; the group is stable')
  const other = await run('lag', MODULE, '--application-id', 'other', '--max', '0')
  expect(other.status).toBe(1)
  expect(other.text).toMatch(/orders-\d lags \d records, more than 0\./)
  expect(other.text).toContain('The topic "other-counts-repartition" does not exist')
})

it('tasks tells who has them, and how large their state is', async () => {
  const { status, text } = await run('tasks', MODULE, '--json')
  const report = JSON.parse(text) as {
    members: { memberId: string; active: string[] }[]
    tasks: { id: string; active: string | null; changelogRecords: number }[]
  }
  expect(status).toBe(0)
  expect(report.tasks.map(({ id }) => id)).toEqual(['0_0', '0_1', '1_0', '1_1'])
  expect(report.members).toHaveLength(1)
  expect(new Set(report.tasks.map(({ active }) => active))).toEqual(new Set([report.members[0]!.memberId]))
  expect(report.tasks.reduce((sum, { changelogRecords }) => sum + changelogRecords, 0)).toBeGreaterThan(0)
  expect((await run('tasks', MODULE)).text).toContain('4 tasks, 1 members; the group is stable')
})

it('topic read decodes keys and values with the serdes of the topology', async () => {
  const { status, text } = await run('topic', 'read', 'per-item', MODULE, '--all', '--json')
  expect(status).toBe(0)
  expect(jsonLines(text).at(-1)).toMatchObject({ topic: 'per-item', key: 'tea', value: { $bigint: '2' } })
  const raw = await run('topic', 'read', 'orders', MODULE, '--last', '1')
  expect(raw.text).toContain('{"item":"tea","amount":2}')
  const changelog = await run('topic', 'read', 'shop-counts-changelog', MODULE, '--json', '--all')
  expect(jsonLines(changelog.text).at(-1)).toMatchObject({ key: 'tea', value: { $bigint: '2' } })
})

it('topic read follows, until it has enough', async () => {
  const reading = run('topic', 'read', 'per-item', MODULE, '--follow', '--last', '0', '--max', '1', '--json')
  await new Promise(resolve => setTimeout(resolve, 50))
  expect(
    await run('topic', 'write', 'orders', MODULE, '--key', 'd', '--value', '{"item":"oil","amount":1}', '--as', 'json'),
  ).toMatchObject({ status: 2 })
  const line = '{"key":"d","value":{"item":"oil","amount":1}}'
  expect(await runWith(['topic', 'write', 'orders', MODULE], [line, ''])).toEqual({
    status: 0,
    text: '1 record written to orders',
  })
  expect(JSON.parse((await reading).text)).toMatchObject({ key: 'oil', value: { $bigint: '1' } })
})

it('topic write refuses lines that are no records, and values that the serde does not take', async () => {
  const write = ['topic', 'write', 'orders', MODULE]
  expect(await runWith(write, ['{"key":'])).toMatchObject({ status: 2, text: expect.stringContaining('line 1 is not') })
  expect(await runWith(write, ['{"key":"a"}'])).toMatchObject({ status: 2, text: expect.stringContaining('no record') })
  expect(await runWith(write, ['{"key":1,"value":null}'])).toMatchObject({
    status: 1,
    text: expect.stringContaining('MILLRACE_SERDE_ENCODE'),
  })
  expect(await run('topic', 'read', 'nothing', MODULE)).toMatchObject({
    status: 1,
    text: expect.stringContaining('MILLRACE_TOPIC_MISSING'),
  })
})

it('dead-letters lists what failed and why, and sends it back only when told to', async () => {
  const { text } = await run('dead-letters', 'list', MODULE, '--json')
  expect(jsonLines(text)).toEqual([
    expect.objectContaining({
      exception: 'RangeError',
      message: 'an amount of -1',
      node: expect.stringContaining('MAPVALUES') as string,
      origin: { topic: 'orders', partition: expect.any(Number) as number, offset: expect.any(Number) as number },
      timestamp: 2_000,
      resent: false,
      key: 'b',
      value: { item: 'cake', amount: -1 },
    }),
  ])
  const { id } = jsonLines(text)[0]!
  const before = await endsNow()
  expect((await run('dead-letters', 'resend', MODULE)).text).toContain(
    '1 dead letter would be sent back; --yes does it',
  )
  expect((await run('dead-letters', 'resend', MODULE, '--node', 'other', '--yes')).text).toContain(
    '0 dead letters sent',
  )
  expect(await run('dead-letters', 'resend', MODULE, '--id', '9/9', '--yes')).toMatchObject({ status: 2 })
  expect(await endsNow()).toEqual(before)
  const sent = await run('dead-letters', 'resend', MODULE, '--id', String(id), '--yes')
  expect(sent).toMatchObject({ status: 0, text: expect.stringContaining('1 dead letter sent back') })
  await vi.waitFor(async () => {
    const letters = jsonLines((await run('dead-letters', 'list', MODULE, '--json')).text)
    expect(letters.map(({ resent }) => Number(resent)).sort((a, b) => a - b)).toEqual([0, 1])
  })
  expect((await run('dead-letters', 'list', MODULE, '--error', 'an amount')).text).toContain('(resent before)')
})

async function endsNow() {
  return JSON.parse((await run('lag', MODULE, '--json')).text) as unknown
}

it('top tells rates and lag, once or until it is ended', async () => {
  const { status, text } = await run('top', MODULE, '--once', '--json', '--interval', '1')
  const view = JSON.parse(text) as { tasks: readonly { id: string; rate: number }[] }
  expect({ status, ids: view.tasks.map(({ id }) => id).sort((a, b) => a.localeCompare(b)) }).toEqual({
    status: 0,
    ids: ['0_0', '0_1', '1_0', '1_1'],
  })
  expect((await run('top', MODULE, '--once', '--interval', '1', '--rows', '2')).text).toMatch(
    /^shop +group stable +1 members +\d+ records\/s +lag 0\n\ntask +records\/s[^]*and 2 more tasks$/,
  )
  const lines: string[] = []
  const stop = new AbortController()
  const print = (line: string) => void lines.push(line)
  const running = runCommand(['top', MODULE, '--interval', '60'], { print, printError: print, signal: stop.signal })
  stop.abort()
  expect(await running).toBe(0)
  expect(lines).toEqual([])
})

/** Runs a test that was downloaded. */
function testRun(text: string) {
  const file = fileURLToPath(new URL(`./slice-${process.pid}.test.tmp.mjs`, import.meta.url))
  writeFileSync(file, text)
  try {
    const args = ['--conditions=millrace-source', '--test-reporter=tap', file]
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    return { status, output: `${stdout}${stderr}` }
  } finally {
    rmSync(file)
  }
}

it('console serves the page until it is ended', async () => {
  const lines: string[] = []
  const stop = new AbortController()
  const served = runCommand(['console', MODULE, '--json'], {
    print: line => void lines.push(line),
    printError: line => void lines.push(line),
    signal: stop.signal,
  })
  await vi.waitFor(() => expect(lines).toHaveLength(1))
  const { url } = JSON.parse(lines[0]!) as { url: string }
  const [address, token] = url.split('#token=') as [string, string]
  expect((await fetch(address)).status).toBe(200)
  const headers = { authorization: `Bearer ${token}` }
  const topology: unknown = await (await fetch(`${address}/api/topology`, { headers })).json()
  expect(topology).toMatchObject({ applicationId: 'shop', deadLetterTopic: 'dead' })
  const ask = async (body: unknown) => {
    const init = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' } }
    const response = await fetch(`${address}/api/slice`, { ...init, body: JSON.stringify(body) })
    return { status: response.status, body: (await response.json()) as { readonly test: string } }
  }
  const ends = JSON.parse((await run('lag', MODULE, '--json')).text) as {
    inputs: { topic: string; partition: number; end: number }[]
  }
  const { partition, end } = ends.inputs.filter(({ topic }) => topic === 'orders').sort((a, b) => b.end - a.end)[0]!
  const slice = { topic: 'orders', partition, from: 0, to: end }
  for (const bad of [{ ...slice, to: 0 }, { ...slice, from: -1 }, { ...slice, to: 20_000 }, {}, null])
    expect(await ask(bad)).toMatchObject({ status: 400 })
  expect(await ask({ ...slice, topic: 'elsewhere' })).toMatchObject({ status: 404 })
  const { body } = await ask(slice)
  expect(body.test).toContain('"per-item": [')
  // As it is, and with another expectation.
  expect(testRun(body.test)).toMatchObject({ status: 0, output: expect.stringContaining('# pass 1') as unknown })
  expect(testRun(body.test.replaceAll('"tea"', '"coffee"'))).toMatchObject({ status: 1 })
  stop.abort()
  expect(await served).toBe(0)
  await expect(fetch(address)).rejects.toThrow('fetch failed')
})

it.each([
  [['console', MODULE, '--query-server', 'nowhere'], 2, '--query-server nowhere is no URL'],
  [['lag'], 2, 'the MODULE is missing'],
  [['lag', MODULE, '--max', 'x'], 2, '--max x is not a whole number'],
  [['tasks', MODULE, 'more'], 2, "Unexpected argument 'more'"],
  [['tasks', 'missing.ts'], 2, 'missing.ts cannot be imported'],
  [['topic'], 2, 'read or write is missing'],
  [['topic', 'drop', 'orders'], 2, '"drop" is not read or write'],
  [['topic', 'read'], 2, 'the TOPIC is missing'],
  [['topic', 'read', 'orders', MODULE, '--partition', '7'], 2, 'has no partition 7'],
  [['topic', 'write', 'orders', MODULE], 2, '--value is missing'],
  [['topic', 'write', 'orders', MODULE, '--value', '{', '--as', 'json'], 2, '"{" is not JSON'],
  [['dead-letters'], 2, 'list or resend is missing'],
  [['dead-letters', 'list', MODULE, '--yes'], 2, '--yes is an option of resend'],
  [['dead-letters', 'list'], 2, '--topic is missing'],
  [['query', 'counts'], 2, 'the KEY is missing'],
  [['query', 'counts', 'x', '--url', 'nowhere'], 2, '--url nowhere is no URL'],
  [['query', 'counts', 'x', '--url', 'http://127.0.0.1:1'], 1, 'QUERY_CLIENT_UNREACHABLE'],
])('%j ends with %i and says %j', async (args, status, text) => {
  expect(await run(...args)).toEqual({ status, text: expect.stringContaining(text) as unknown })
})
