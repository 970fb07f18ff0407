/**
 * `npm run bench -- --queries`: keyed reads over HTTP against one instance while it counts at full speed, beside Kafka Streams with the
 * HTTP server of the JDK. Writes docs/query-benchmarks.md.
 */
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { startBroker } from '../compare/broker.ts'
import { buildPackages } from '../compare/build-packages.ts'
import type { OwnName } from '../compare/contender-names.ts'
import { contenders } from '../compare/contenders.ts'
import { findWorkloads } from '../compare/find-workloads.ts'
import { buildJava } from '../compare/java-project.ts'
import { Lab } from '../compare/lab.ts'
import { NoiseMeter, noiseText } from '../compare/noise.ts'
import { choosePinning } from '../compare/pinning.ts'
import { setting } from '../compare/setting.ts'
import { finalAnswers, measureReads, type MeasuredReads } from './measure.ts'
import { queriesPage } from './page.ts'
import { type QueryRow, rowOfReads } from './rows.ts'

const PAGE = fileURLToPath(new URL('../../docs/query-benchmarks.md', import.meta.url))
/** Requests on their way at once. None: what processing does by itself. */
const CONNECTIONS = [0, 1, 8, 32]

export async function runQueries(options: {
  readonly contenders: readonly OwnName[]
  readonly rounds: number
  /** Factor on the number of records. */
  readonly scale: number
  readonly pin: boolean
  readonly port: number | undefined
  readonly json: string | undefined
  /** Where the page goes. @default docs/query-benchmarks.md for the whole table, otherwise nowhere */
  readonly markdown: string | undefined
  /** As it was typed, for the page. */
  readonly command: string
}): Promise<boolean> {
  const { rounds, scale, contenders: names } = options
  buildPackages()
  const classPath = names.includes('java') ? await buildJava(await findWorkloads()) : ''
  const pinning = choosePinning(options.pin)
  await using broker = await startBroker(pinning, options.port)
  const noise = new NoiseMeter()
  const lab = new Lab({ brokers: broker.brokers, contenders: contenders(classPath), pinning, noise, scale })
  const done = new Map<OwnName, Map<number, MeasuredReads[]>>(
    names.map(name => [name, new Map(CONNECTIONS.map(connections => [connections, []]))]),
  )
  try {
    const finals = finalAnswers(lab)
    for (let round = 0; round < rounds; round++) {
      for (const connections of CONNECTIONS) {
        for (const name of round % 2 === 0 ? names : names.toReversed()) {
          const measured = await measureReads(lab, lab.contenders[name], connections, finals)
          done.get(name)!.get(connections)!.push(measured)
          console.error(shown(name, connections, measured))
        }
      }
    }
  } finally {
    await lab.close()
  }
  const rows = CONNECTIONS.flatMap(connections =>
    names.map(name => rowOfReads(name, connections, done.get(name)!.get(connections)!, done.get(name)!.get(0)!)),
  )
  const page = queriesPage(rows, { ...setting(options.command, pinning.description), rounds })
  console.log(page)
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(rows, null, 2)}\n`)
  const path = options.markdown ?? (names.length > 1 && scale === 1 ? PAGE : undefined)
  if (path !== undefined) await writeFile(path, page)
  return rows.every(isRight)
}

function isRight({ wrong }: QueryRow): boolean {
  return wrong === 0
}

function shown(name: OwnName, connections: number, { rate, busy, idle, noise }: MeasuredReads): string {
  const reads = [busy, idle].map(part =>
    part === undefined
      ? ''
      : `${part.reads.toFixed(0)} reads/s, p50 ${part.p50.toFixed(2)}, p99 ${part.p99.toFixed(2)} ms, wrong ${part.wrong} ${part.example ?? ''}`,
  )
  return `${name}, ${connections} connections: ${rate} records/s; ${reads.join('; then ')}${noiseText(noise)}`
}
