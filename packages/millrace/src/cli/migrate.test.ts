import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeTopology } from '@millrace/core'
import { afterAll, expect, it } from 'vitest'
import { runCommand } from './command.ts'
import { application, cluster } from './modules/moving.fixture.ts'

const MODULE = fileURLToPath(new URL('./modules/moving.fixture.ts', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'millrace-migrate-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const JAVA = describeTopology(application.plan)

function file(content: string): string {
  const path = join(directory, 'topology.txt')
  writeFileSync(path, content)
  return path
}

async function run(args: readonly string[], input?: string) {
  const lines: string[] = []
  const print = (line: string) => void lines.push(line)
  async function* given() {
    yield* input!.split('\n')
  }
  const output = { print, printError: print, ...(input !== undefined && { input: given() }) }
  return { status: await runCommand(['migrate', ...args], output), text: lines.join('\n') }
}

const check = (...args: readonly string[]) => run(['check', MODULE, ...args])

it('says that everything is as in Java, log lines or not, from a file or the standard input', async () => {
  const equal = 'Compared with the description of Java: 0 errors, 0 warnings.'
  expect(await check('--offline', '--describe', file(JAVA))).toEqual({ status: 0, text: equal })
  const logged = `12:00:01 INFO starting\n${JAVA.replaceAll('\n', '\r\n')}\n12:00:02 INFO running`
  expect(await run(['check', MODULE, '--offline', '--describe', '-'], logged)).toEqual({ status: 0, text: equal })
})

it.each<[string, string, string, number, string]>([
  ['a store', '[totals]', '[sums]', 1, 'error    stores: The store "sums" of Java is not here.'],
  [
    'a generated name',
    'KSTREAM-AGGREGATE-STATE-STORE-0000000004',
    'KSTREAM-AGGREGATE-STATE-STORE-0000000001',
    1,
    'error    repartition topics: The repartition topic "KSTREAM-AGGREGATE-STATE-STORE-0000000001-repartition" of Java is "KSTREAM-AGGREGATE-STATE-STORE-0000000004-repartition" here.',
  ],
  ['a source topic', '[orders]', '[orders-v2]', 1, 'error    source topics: The source topic "orders-v2" of Java'],
  [
    'an output topic',
    '(topic: out)',
    '(topic: results)',
    1,
    'error    output topics: The output topic "results" of Java',
  ],
  ['the order of sub-topologies', 'Sub-topology: 1', 'Sub-topology: 7', 0, 'warning  sub-topologies: '],
  ['the name of an operator', 'KSTREAM-SINK-0000000010', 'write-out', 0, 'note     operators: '],
  ['connections', '--> KTABLE-TOSTREAM-0000000009', '--> none', 0, 'warning  operators: '],
])('names what differs: %s', async (_what, ours, java, status, expected) => {
  expect(JAVA).toContain(ours)
  const found = await check('--offline', '--describe', file(JAVA.replaceAll(ours, java)))
  expect(found.text).toContain(expected)
  expect(found.status).toBe(status)
})

it('compares the topics on the cluster, in text and as JSON', async () => {
  const nothing = await check()
  expect(nothing.status).toBe(1)
  expect(nothing.text).toContain('error    internal topics: Kafka has no internal topic of "moving".')
  expect(nothing.text).toContain('warning  group: There is no group "moving"')

  const repartition = 'moving-KSTREAM-AGGREGATE-STATE-STORE-0000000004-repartition'
  const changelog = 'moving-KSTREAM-AGGREGATE-STATE-STORE-0000000004-changelog'
  const compact = { 'cleanup.policy': 'compact' }
  cluster.createTopic({
    name: repartition,
    partitions: 3,
    configs: { 'cleanup.policy': 'delete', 'retention.ms': '1' },
  })
  cluster.createTopic({
    name: 'moving-KSTREAM-AGGREGATE-STATE-STORE-0000000001-changelog',
    partitions: 2,
    configs: compact,
  })
  cluster.createTopic({ name: 'moving-prices-changelog', partitions: 2, configs: compact })
  cluster.createTopic({ name: 'moving-totals-changelog', partitions: 2 })
  const { status, text } = await check('--json')
  expect(status).toBe(1)
  const report = JSON.parse(text) as { topics: number; findings: { severity: string; about: string; text: string }[] }
  expect(report.topics).toBe(0)
  expect(report.findings.map(({ severity, about, text: what }) => `${severity} ${about}: ${what}`)).toEqual([
    `error partitions: "${repartition}" has 3 partitions, and the topology needs 2.`,
    `warning retention: "${repartition}" has retention.ms=1, and Millrace would set -1.`,
    `error internal topics: "${changelog}" does not exist, and "moving-KSTREAM-AGGREGATE-STATE-STORE-0000000001-changelog" does: most likely a number in a generated name differs.`,
    'error cleanup policy: "moving-totals-changelog" has cleanup.policy=delete, and the topology needs compact.',
    'error optimization: "moving-prices-changelog" exists, and the store "prices" would be restored from "prices".',
    'warning group: There is no group "moving", and so no committed offset.',
  ])
})

it.each([
  [['check'], 'the MODULE is missing'],
  [[], 'check is missing'],
  [['start', MODULE], '"start" is not check'],
  [['check', MODULE, '--offline'], '--offline needs --describe'],
  [['check', MODULE, '--describe', join(directory, 'none.txt')], 'cannot be read'],
  [['check', MODULE, '--describe', '-'], '--describe - needs an input'],
  [['check', MODULE, '--describe', MODULE], 'has no description: "Sub-topology: 0"'],
])('refuses %j', async (args, expected) => {
  const { status, text } = await run(args)
  expect({ status, text }).toEqual({ status: 2, text: expect.stringContaining(expected) })
})
