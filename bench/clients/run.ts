/**
 * What clients cost, in µs of CPU for each record: Millrace's own, its adapter of kafkajs, and other clients alone, interleaved in one
 * run and each in a process of its own.
 *
 *   npm install --prefix bench/clients        # the others; without it they are left out
 *   node --conditions=millrace-source bench/clients/run.ts [--records N] [--bytes N] [--rounds N] [--json FILE]
 */
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { kafka } from '@millrace/client-wire'
import { systemClock } from '@millrace/core'
import { sharedKafka } from '@millrace/dev-kafka'
import { clientNamed, CONTENDER_NAMES, PARTITIONS } from './contenders.ts'

interface Measurement {
  readonly cpuUs: number
  readonly perSecond: number
}

const { values: options } = parseArgs({
  options: {
    records: { type: 'string', default: '400000' },
    bytes: { type: 'string', default: '90' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'string' },
  },
})
const records = Math.floor(Number(options.records) / PARTITIONS) * PARTITIONS
const silent = { debug() {}, info() {}, warn() {}, error() {} }
const worker = fileURLToPath(new URL('worker.ts', import.meta.url))

await using broker = await sharedKafka({ log: line => console.error(line), tuning: 'throughput' })
const client = kafka({ brokers: broker.brokers })({ clientId: 'bench', clock: systemClock, logger: silent })
const [written, read] = [`bench-written-${process.pid}`, `bench-read-${process.pid}`]
await client.admin().createTopics([written, read].map(name => ({ name, partitions: PARTITIONS })))
await client.close()
const job = { brokers: broker.brokers, topic: read, valueBytes: Number(options.bytes) }
const filler = await clientNamed('wire', job)
await filler.produce(records)
await filler.close()

const measured = new Map<string, Measurement[]>()
const left = new Map<string, string>()
for (let round = 0; round < Number(options.rounds); round++) {
  for (const action of ['produce', 'consume'] as const) {
    for (const name of CONTENDER_NAMES) {
      if (left.has(name)) continue
      try {
        const list = measured.get(`${action} ${name}`) ?? []
        list.push(await measure(name, action))
        measured.set(`${action} ${name}`, list)
      } catch (error) {
        left.set(name, reasonOf(error))
      }
    }
  }
}

const table = ['produce', 'consume'].flatMap(action =>
  CONTENDER_NAMES.filter(name => !left.has(name)).map(name => {
    const list = measured.get(`${action} ${name}`) ?? []
    return {
      action,
      name,
      cpuUs: median(list.map(each => each.cpuUs)),
      perSecond: median(list.map(each => each.perSecond)),
    }
  }),
)
for (const { action, name, cpuUs, perSecond } of table) {
  console.log(
    `${action}  ${name.padEnd(32)} ${cpuUs.toFixed(2).padStart(7)} µs/record ${(perSecond / 1_000).toFixed(0).padStart(6)} k/s`,
  )
}
for (const [name, reason] of left) console.log(`left out: ${name} (${reason})`)
if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify({ records, table }, null, 2)}\n`)

async function measure(name: string, action: 'produce' | 'consume'): Promise<Measurement> {
  const topic = action === 'produce' ? written : read
  const args = [worker, name, action, broker.brokers, topic, String(records), options.bytes]
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, ...args], { timeout: 180_000 })
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Measurement
}

function reasonOf(error: unknown): string {
  const { stderr = '', message } = error as Error & { readonly stderr?: string }
  return /Error: [^\n]+/.exec(stderr)?.[0] ?? message.split('\n')[0]!
}

function median(list: readonly number[]): number {
  return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN
}
