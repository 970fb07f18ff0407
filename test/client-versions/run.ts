/**
 * `npm run client-versions`: the conformance suite and the applications of `test/e2e` on each release of Kafka, with one node and
 * with three, over each client. Prints a table, and exits with 1 when anything failed.
 *
 *   npm run client-versions -- --suites conformance --versions 3.9,4.4 --nodes 1 --clients wire
 *
 * The whole table takes hours. With `--into FILE` each result is kept, and another run of the same commit does not repeat what passed.
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startKafka, type KafkaVersion } from '@millrace/dev-kafka'
import { TALLY_FILE, tallyOf, type Tally } from '../../scripts/test-run/tally.ts'
import { KeptResults } from './kept-results.ts'
import { combinations, tableOf, textOf, type Cell, type Row } from './table.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const VERSIONS = ['3.9', '4.1', '4.3', '4.4']
const NODES = ['1', '3']
const CLIENTS = ['wire', 'kafkajs']
const SUITES = ['conformance', 'e2e']
/** Against hanging only. */
const LIMIT_MS = 3_600_000

const { values } = parseArgs({
  options: {
    versions: { type: 'string', default: VERSIONS.join(',') },
    nodes: { type: 'string', default: NODES.join(',') },
    clients: { type: 'string', default: CLIENTS.join(',') },
    suites: { type: 'string', default: SUITES.join(',') },
    into: { type: 'string' },
  },
})
const chosen = {
  versions: listOf('versions', VERSIONS),
  nodes: listOf('nodes', NODES),
  clients: listOf('clients', CLIENTS),
  suites: listOf('suites', SUITES),
}
const kept = await KeptResults.open(values.into, commit())

const running = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => running.abort())

const rows: Row[] = []
for (const { version, nodes } of combinations(chosen.versions, chosen.nodes)) {
  if (running.signal.aborted) break
  const ofKafka = await onKafka(version, nodes).catch((error: unknown): Row[] => {
    console.error(`Kafka ${version} with ${nodes} nodes: ${String(error)}`)
    return chosen.clients.map(client => ({ version, nodes, client, cells: new Map() }))
  })
  rows.push(...ofKafka)
}
console.log(`\n${tableOf(rows, chosen.suites)}`)
const complete = rows.every(({ cells }) => chosen.suites.every(suite => cells.get(suite)?.tally.failed === 0))
process.exitCode = complete && !running.signal.aborted ? 0 : 1

/** All clients and suites on one cluster. */
async function onKafka(version: string, nodes: string): Promise<Row[]> {
  const known = chosen.clients.map(client => {
    const cells = chosen.suites.flatMap(suite => {
      const cell = kept.get(version, nodes, client, suite)
      return cell === undefined ? [] : [[suite, cell] as const]
    })
    return { version, nodes, client, cells: new Map(cells) }
  })
  if (known.every(({ cells }) => cells.size === chosen.suites.length)) return known
  await using kafka = await startKafka({
    version: version as KafkaVersion,
    brokers: Number(nodes) as 1 | 3,
    from: 'jvm',
    log: line => console.error(`dev-kafka: ${line}`),
  })
  for (const { client, cells } of known) {
    for (const suite of chosen.suites) {
      if (running.signal.aborted) break
      if (cells.has(suite)) continue
      const name = `Kafka ${kafka.version}, ${nodes} nodes, ${client}: ${suite}`
      console.error(name)
      const cell = await runSuite(suite, client, { KAFKA_BROKERS: kafka.brokers, DEV_KAFKA_VERSION: version })
      if (running.signal.aborted) break
      cells.set(suite, cell)
      console.error(`${name}: ${textOf(cell)}`)
      await kept.add(cell, version, nodes, client, suite)
    }
  }
  return known.map(row => ({ ...row, version: kafka.version }))
}

async function runSuite(suite: string, client: string, kafka: Readonly<Record<string, string>>): Promise<Cell> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-versions-'))
  const tallyFile = join(directory, 'tally.json')
  const began = performance.now()
  try {
    const child = spawn(
      process.execPath,
      [
        join(root, 'node_modules/vitest/vitest.mjs'),
        'run',
        '--project',
        'e2e',
        '--reporter=dot',
        `--reporter=${join(root, 'scripts/test-run/tally-reporter.ts')}`,
        suite === 'conformance' ? `test/conformance/client-${client}` : 'test/e2e/',
      ],
      {
        cwd: root,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, ...kafka, MILLRACE_TEST_CLIENT: client, [TALLY_FILE]: tallyFile },
        signal: AbortSignal.any([running.signal, AbortSignal.timeout(LIMIT_MS)]),
      },
    )
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk
      })
    }
    child.on('error', error => {
      output += String(error)
    })
    // `once` of node:events would throw what the child has as its error, also when this run is interrupted.
    const status = await new Promise<number | null>(resolve => child.once('close', resolve))
    const own = await readFile(tallyFile, 'utf8').then(
      text => JSON.parse(text) as Tally,
      // It ended before it counted anything, which is a failure whatever its status.
      (): Tally => ({ passed: 0, failed: 1, skipped: [] }),
    )
    const tally = tallyOf(status, own)
    if (tally.failed > 0) console.error(output)
    return { tally, seconds: (performance.now() - began) / 1000 }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** What the results are of; changes that are not committed make it another state. */
function commit(): string {
  const git = (...args: readonly string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
  return git('status', '--porcelain') === '' ? git('rev-parse', 'HEAD') : `${git('rev-parse', 'HEAD')} and changes`
}

function listOf(option: 'versions' | 'nodes' | 'clients' | 'suites', possible: readonly string[]): readonly string[] {
  const list = values[option].split(',')
  const unknown = list.filter(each => !possible.includes(each))
  if (unknown.length === 0) return list
  console.error(`--${option} has ${unknown.join(', ')}; possible are ${possible.join(', ')}`)
  process.exit(2)
}
