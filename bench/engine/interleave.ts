/**
 * What a change costs on the hot path, on a machine whose own speed changes within seconds: the engines of two checkouts run in one process
 * and take turns after some thousand records. Adjacent turns have the same machine, so their ratio says what the change does.
 *
 *   git worktree add /tmp/before COMMIT && (cd /tmp/before && npm install)
 *   npx node --conditions=millrace-source bench/engine/interleave.ts --before /tmp/before [--only count] [--records 1500000]
 *   npx node --conditions=millrace-source bench/engine/interleave.ts --metrics     what metrics cost: before is without them
 *
 * Of two equal sides the one that is loaded second was up to 5 % slower or 12 % faster, by job. So each is loaded first in half of the processes,
 * and the ratios of a pair of processes are multiplied, which takes that out. Two limits are left: only the thread that processes is measured,
 * and a garbage collection counts for the side during whose turn it comes.
 */
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import type * as clientMemory from '@millrace/client-memory'
import type * as core from '@millrace/core'
import type * as runtime from '@millrace/runtime'
import type * as storeRocksdb from '@millrace/store-rocksdb'
import { median, percent } from './ratios.ts'
import { serveWithoutMetrics, WITHOUT_METRICS } from './without-metrics.ts'
import type * as workloads from './workloads.ts'

const PARTITIONS = 4
const KEYS = 100_000
const RECORDS_PER_TURN = 10_000
const RECORDS_PER_COMMIT = 500_000
/** Records until V8 has compiled the code of a side. */
const WARM_UP = 500_000

const { values } = parseArgs({
  options: {
    before: { type: 'string' },
    metrics: { type: 'boolean', default: false },
    only: { type: 'string', default: 'count' },
    records: { type: 'string', default: '1500000' },
    /** Of processes. */
    pairs: { type: 'string', default: '2' },
    /** Of a process that this one starts: which side is loaded first. */
    first: { type: 'string' },
  },
})
/** A checkout, and the query of the URLs of its modules. */
interface Code {
  readonly checkout: string
  readonly query: string
}

/** What the second side costs in relation to the first. */
interface Ratios {
  /** Of all turns together, with the commits. */
  readonly whole: number
  /** The median of the turns. */
  readonly turn: number
}

const here: Code = { checkout: resolve('.'), query: '' }
if (values.metrics === (values.before !== undefined)) {
  console.error('give --metrics, or --before with a checkout of the commit to compare with, with its node_modules')
  process.exitCode = 2
} else if (values.first === undefined) {
  comparePairs(Number(values.pairs))
} else {
  const before = values.metrics ? { ...here, query: WITHOUT_METRICS } : { ...here, checkout: resolve(values.before!) }
  const missing = values.metrics ? serveWithoutMetrics(pathToFileURL(here.checkout)) : () => []
  const ratios = values.first === 'before' ? await interleave(before, here) : inverse(await interleave(here, before))
  // Else both sides were the same, and the figures say nothing.
  if (missing().length > 0) throw new Error(`not loaded without metrics: ${missing().join(', ')}`)
  console.log(JSON.stringify(ratios))
}

function comparePairs(pairs: number): void {
  const found: Ratios[] = []
  for (let pair = 0; pair < pairs; pair++) {
    const [one, other] = ['before', 'after'].map(first => ratiosOf(first))
    const both = (name: keyof Ratios) => Math.sqrt(one![name] * other![name])
    found.push({ whole: both('whole'), turn: both('turn') })
    console.log(
      `pair ${pair + 1}: ${textOf(found.at(-1)!)} (${textOf(one!)}, and in the other order ${textOf(other!)})`,
    )
  }
  const middle = { whole: median(found.map(({ whole }) => whole)), turn: median(found.map(({ turn }) => turn)) }
  console.log(`${values.only}, the thread that processes: ${textOf(middle)}`)
}

function ratiosOf(first: string): Ratios {
  const own = fileURLToPath(import.meta.url)
  const { stdout, status } = spawnSync(
    process.execPath,
    [...process.execArgv, own, ...process.argv.slice(2), '--first', first],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  )
  if (status !== 0) throw new Error(`a process ended with ${status}`)
  return JSON.parse(stdout) as Ratios
}

function inverse({ whole, turn }: Ratios): Ratios {
  return { whole: 1 / whole, turn: 1 / turn }
}

function textOf({ whole, turn }: Ratios): string {
  return `${percent(whole)} with the commits, ${percent(turn)} by the median of the turns`
}

interface Side {
  /** Processes some more records. @returns how many, and the CPU time of this thread for them in µs */
  turn(): Promise<{ readonly records: number; readonly micros: number }>
  end(): Promise<void>
}

async function interleave(one: Code, other: Code): Promise<Ratios> {
  const records = Number(values.records)
  const sides = [await openSide(one, records), await openSide(other, records)] as const
  const processed = [0, 0]
  const spent: [number[], number[]] = [[], []]
  for (let turn = 0; spent.every(side => side.at(-1) !== 0); turn++) {
    for (const side of turn % 2 === 0 ? [0, 1] : [1, 0]) {
      const { records: some, micros } = await sides[side]!.turn()
      processed[side]! += some
      if (some === 0) spent[side]!.push(0)
      else if (processed[side]! > WARM_UP) spent[side]!.push(micros / some)
    }
  }
  // The last is the one that found nothing more.
  const turns = Math.min(spent[0].length, spent[1].length) - 1
  const ratios = Array.from({ length: turns }, (_, turn) => spent[1][turn]! / spent[0][turn]!)
  const sum = (side: readonly number[]) => side.slice(0, turns).reduce((total, each) => total + each, 0)
  for (const side of sides) await side.end()
  return { whole: sum(spent[1]) / sum(spent[0]), turn: median(ratios) }
}

async function openSide({ checkout, query }: Code, records: number): Promise<Side> {
  const load = async <T>(path: string) => (await import(pathToFileURL(join(checkout, path)).href + query)) as T
  const { MemoryCluster, memoryClient } = await load<typeof clientMemory>('packages/client-memory/src/index.ts')
  const { NO_HEADERS, seededRandom, systemClock } = await load<typeof core>('packages/core/src/index.ts')
  const { Instance, resolveOptions, silentLogger } = await load<typeof runtime>('packages/runtime/src/index.ts')
  const { rocksdb } = await load<typeof storeRocksdb>('packages/store-rocksdb/src/index.ts')
  const { WORKLOADS } = await load<typeof workloads>('bench/engine/workloads.ts')
  const workload = WORKLOADS.find(({ name }) => name === values.only)
  if (workload === undefined) throw new Error(`--only is ${WORKLOADS.map(({ name }) => name).join(', ')}`)

  const factory = memoryClient(new MemoryCluster({ clock: systemClock, checksums: true }))
  const client = factory({ clientId: 'bench', clock: systemClock, logger: silentLogger })
  await client.admin().createTopics(['in', 'out'].map(name => ({ name, partitions: PARTITIONS })))
  const stateDir = await mkdtemp(join(tmpdir(), 'millrace-interleave-'))
  const options = { applicationId: 'bench', client: factory, store: rocksdb(), stateDir, logger: silentLogger }
  const instance = new Instance(workload.plan('in', 'out'), resolveOptions({ ...options, commitIntervalMs: 3_600_000 }))
  await instance.begin(new AbortController().signal)
  while (!instance.ready) await instance.step(10)
  // Only now: what an instance processes while it starts would not be measured.
  const random = seededRandom(42)
  const draw = (n: number) => Math.floor(random() * n)
  const producer = client.producer({})
  await producer.init()
  const topic = producer.topic('in')
  for (let at = 0; at < records; at++) {
    const user = `user-${draw(KEYS)}`
    const value = `{"user":"${user}","page":"page-${draw(1000)}","ms":${draw(5000)},"ref":"campaign-${draw(50)}"}`
    const bytes = Buffer.from(user + value)
    const [partition, timestamp] = [at % PARTITIONS, 1_700_000_000_000 + at]
    topic.append(partition, timestamp, bytes, 0, user.length, bytes, user.length, bytes.length, NO_HEADERS)
    if (at % 10_000 === 0) await producer.flush()
  }
  await producer.flush()
  await producer.close()
  const processed = () => instance.tasks.reduce((sum, task) => sum + task.processed, 0)
  let committed = 0
  return {
    async turn() {
      const before = processed()
      const began = process.threadCpuUsage()
      while (processed() < before + RECORDS_PER_TURN && processed() < records) {
        await instance.step(0)
        await new Promise(resolve => setImmediate(resolve))
      }
      if (processed() - committed >= RECORDS_PER_COMMIT) {
        await instance.commit()
        committed = processed()
      }
      const { user, system } = process.threadCpuUsage(began)
      return { records: processed() - before, micros: user + system }
    },
    async end() {
      await instance.end({ clean: true, leave: true })
      await client.close()
      await rm(stateDir, { recursive: true, force: true })
    },
  }
}
