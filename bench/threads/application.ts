import { defineApplication, kafka, long, rocksdb, StreamsBuilder, string } from 'millrace'

/** What a process of the benchmark is told, in the environment that its threads inherit. */
export interface ThreadsBenchSettings {
  readonly brokers: string
  readonly applicationId: string
  readonly stateDir: string
  readonly lines: string
  readonly counts: string
  readonly threads: number
}

const settings = JSON.parse(process.env['MILLRACE_BENCH_SETTINGS']!) as ThreadsBenchSettings
const { brokers, lines, counts, ...options } = settings

const builder = new StreamsBuilder()
builder
  .stream(lines, { key: string(), value: string() })
  .flatMapValues(line => line.split(' '))
  .groupBy(word => word, { key: string(), value: string() })
  .count({ store: 'counts' })
  .toStream()
  .to(counts, { key: string(), value: long() })

export const application = defineApplication(builder.build(), {
  ...options,
  client: kafka({ brokers }),
  store: rocksdb(),
  processingGuarantee: 'exactly_once',
  commitIntervalMs: 100,
  logger: { debug() {}, info() {}, warn() {}, error: (fields, message) => console.error(message, fields) },
})
