import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { sharedKafka } from '@millrace/dev-kafka'
import { KafkaStreams, type Plan, rocksdb, silentLogger } from 'millrace'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { clientUnderTest } from '../client-under-test.ts'
import { eventually, type TopicIo, topicIo } from '../../topic-io.ts'

const LIMIT_MS = 60_000
const MAIN = fileURLToPath(new URL('../../../packages/millrace/src/cli/main.ts', import.meta.url))
const TOPOLOGY = new URL('topology.ts', import.meta.url)
const name = `reset-${Date.now().toString(36)}`
const [lines, out] = [`${name}-lines`, `${name}-out`]
const internal = [`${name}-by-word-repartition`, `${name}-counts-changelog`]
const words = ['a', 'b', 'a', 'c']
let brokers: string
let io: TopicIo
let stateDir: string

beforeAll(async () => {
  ;({ brokers } = await sharedKafka())
  io = topicIo(clientUnderTest(brokers))
  stateDir = await mkdtemp(join(tmpdir(), 'millrace-'))
  await io.createTopic(lines, 2)
  await io.createTopic(out, 1)
  process.env['RESET_TEST_NAME'] = name
})

afterAll(async () => {
  delete process.env['RESET_TEST_NAME']
  await io[Symbol.asyncDispose]()
  await rm(stateDir, { recursive: true, force: true })
})

/** `millrace reset` as a process of its own. */
async function millraceReset(...args: readonly string[]) {
  const command = ['--conditions=millrace-source', MAIN, 'reset', '--application-id', name]
  const options = ['--bootstrap-server', brokers, '--state-dir', stateDir, ...args]
  const child = spawn(process.execPath, [...command, ...options], { stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = new Promise<number | null>(resolve => child.on('exit', resolve))
  const [stdout, stderr, status] = await Promise.all([text(child.stdout), text(child.stderr), exited])
  return { status, stdout, stderr }
}

async function application(): Promise<KafkaStreams> {
  const { plan } = (await import(TOPOLOGY.href)) as { readonly plan: Plan }
  const client = clientUnderTest(brokers)
  const streams = new KafkaStreams(plan, {
    applicationId: name,
    client,
    store: rocksdb(),
    stateDir,
    processingGuarantee: 'exactly_once',
    logger: silentLogger,
  })
  await streams.start()
  return streams
}

/** Results behind the first `before`, once the last count of each word is there. */
async function counts(before: number): Promise<ReadonlyMap<string, bigint>> {
  const latest = async () => {
    const records = (await io.readAll(out)).slice(before)
    return new Map(records.map(({ key, value }) => [String(key), value!.readBigInt64BE()]))
  }
  return await eventually('the counts', LIMIT_MS, latest, found => {
    return [...found.values()].reduce((sum, count) => sum + count, 0n) >= BigInt(words.length)
  })
}

const expected = new Map([
  ['a', 2n],
  ['b', 1n],
  ['c', 1n],
])
const ownTopics = async () => (await io.topics()).filter(topic => topic.startsWith(name))

it('lets an application compute everything again, from the command line', async () => {
  await io.produce(
    lines,
    words.map((value, n) => ({ partition: n % 2, key: null, value, timestamp: Date.now() })),
  )
  const first = await application()
  expect(await counts(0)).toEqual(expected)

  // While it runs.
  const refused = await millraceReset('--topology', fileURLToPath(TOPOLOGY))
  expect(refused).toMatchObject({ status: 1, stdout: '' })
  expect(refused.stderr).toContain(`MILLRACE_GROUP_ACTIVE: The group "${name}" has active members: ${name}-`)
  await first.close()

  const planned = await millraceReset('--topology', fileURLToPath(TOPOLOGY), '--dry-run')
  expect(planned).toMatchObject({ status: 0, stderr: '' })
  for (const line of [...internal, `${lines}-0  2 → 0`, `${lines}-1  2 → 0`, join(stateDir, name, 'process.json')]) {
    expect(planned.stdout).toContain(`  ${line}\n`)
  }
  expect(await ownTopics()).toEqual([...internal, lines, out].sort())
  expect(await io.committed(name, lines)).toEqual([2, 2])
  expect(existsSync(join(stateDir, name))).toBe(true)

  const done = await millraceReset('--topology', fileURLToPath(TOPOLOGY))
  expect(done).toMatchObject({ status: 0, stderr: '' })
  expect(await ownTopics()).toEqual([lines, out].sort())
  expect(await io.committed(name, lines)).toEqual([0, 0])
  expect(existsSync(join(stateDir, name))).toBe(false)

  const before = (await io.readAll(out)).length
  const second = await application()
  expect(await counts(before)).toEqual(expected)
  await second.close()
})

it('takes members out by force that are gone without having left', async () => {
  const killed = await application()
  await killed.close({ leave: false })
  expect(await millraceReset('--input-topics', lines, '--to-latest')).toMatchObject({ status: 1 })
  const done = await millraceReset('--input-topics', lines, '--to-latest', '--force')
  expect(done).toMatchObject({ status: 0, stderr: '' })
  expect(await io.committed(name, lines)).toEqual([2, 2])
})

it('names what does not fit', async () => {
  const unknown = await millraceReset('--input-topics', `${lines},linse`)
  expect([unknown.status, unknown.stderr]).toEqual([1, expect.stringContaining('The topic "linse" does not exist')])
  const beyond = await millraceReset('--input-topics', lines, '--to-offset', '3')
  expect([beyond.status, beyond.stderr]).toEqual([1, expect.stringContaining('has no offset 3, it goes from 0 to 2')])
})
