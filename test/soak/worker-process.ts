import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { consoleLogger, kafka, KafkaStreams, type KafkaStreamsOptions, rocksdb } from 'millrace'
import { windowedCounts } from './topology.ts'

/** What the process is told, as JSON. */
export interface SoakSettings extends Pick<
  KafkaStreamsOptions,
  'applicationId' | 'stateDir' | 'processingGuarantee' | 'commitIntervalMs' | 'stateBufferBytes' | 'restoreBufferBytes'
> {
  readonly brokers: string
  readonly topics: { readonly input: string; readonly output: string }
  /** Of RocksDB: caches and write buffers. */
  readonly memoryBytes: number
}

const USAGE_EVERY_MS = 500
const MIB = 1024 * 1024

const { brokers, topics, memoryBytes, ...options } = JSON.parse(process.argv[2]!) as SoakSettings
const before = { handles: handles(), files: files() }
const streams = new KafkaStreams(windowedCounts(topics), {
  ...options,
  client: kafka({ brokers }),
  store: rocksdb({ memoryBytes }),
  logger: consoleLogger('info'),
})
const tell = (message: object) => process.connected && process.send?.(message)
streams.on('state', state => void tell({ type: 'state', state }))
const telling = setInterval(() => void tell({ type: 'usage', ...usage() }), USAGE_EVERY_MS).unref()

// Nobody is left to end this process when its parent is gone.
const orphaned = () => process.exit(3)
process.on('disconnect', orphaned)
await streams.run()
clearInterval(telling)
// A socket that was closed is counted until the next turns of the event loop.
await setTimeout(500)
tell({ type: 'closed', before, after: { handles: handles(), files: files() }, mostMb: mostMb() })
process.off('disconnect', orphaned).disconnect()

function usage() {
  const { heapUsed, rss } = process.memoryUsage()
  const heapMb = Math.round((heapUsed / MIB) * 10) / 10
  return { heapMb, rssMb: Math.round(rss / MIB), handles: handles().length, files: files() }
}

/** What keeps a process alive: sockets, timers, workers. Signals and pipes of the process itself are among them. */
function handles(): readonly string[] {
  return process.getActiveResourcesInfo().toSorted()
}

function files(): number {
  return process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0
}

/** The most that was ever resident, in MB; what Linux knows of it. */
function mostMb(): number {
  if (process.platform !== 'linux') return Math.round(process.resourceUsage().maxRSS / 1024)
  const [, kilobytes] = /VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return Math.round(Number(kilobytes) / 1024)
}
