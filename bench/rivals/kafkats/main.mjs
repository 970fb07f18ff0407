/** Runs one workload in @kafkats/flow, as the JSON in its only argument says (RunOptions in run-options.ts), until SIGTERM. */
import { buffer, flow, json, string } from '@kafkats/flow'

const run = JSON.parse(process.argv[2])
const views = run.topics.in.views

/** Kafka's LongSerializer. */
const long = {
  encode(value) {
    const bytes = Buffer.allocUnsafe(8)
    bytes.writeBigInt64BE(BigInt(value))
    return bytes
  },
  decode: bytes => Number(bytes.readBigInt64BE()),
}

const workloads = {
  passthrough(app) {
    app.stream(views, { key: buffer(), value: buffer(), offsetReset: 'earliest' }).to(run.topics.out)
  },
  json(app) {
    app
      .stream(views, { key: string(), value: json(), offsetReset: 'earliest' })
      .filter((_, view) => view.ms < 4000)
      .mapValues(({ user, page, ms }) => ({ user, page, ms }))
      .to(run.topics.out, { value: json() })
  },
  'count-100k'(app) {
    app
      .stream(views, { key: string(), value: string(), offsetReset: 'earliest' })
      .groupByKey()
      .count({ storeName: 'counts', value: long })
      .toStream()
      .to(run.topics.out, { value: long })
  },
}

const app = flow({
  applicationId: run.applicationId,
  client: { clientId: run.applicationId, brokers: run.brokers.split(','), logLevel: 'warn' },
  numStreamThreads: 1,
  // `commitIntervalMs` is about transactions only.
  runEach: { autoCommitIntervalMs: run.commitIntervalMs },
})
workloads[run.workload](app)
await app.start()
// It keeps an error to itself, and the bench would wait for commits.
setInterval(() => {
  if (app.state() === 'ERROR') process.exit(1)
}, 500)
process.once('SIGTERM', () => void app.close().then(() => process.exit(0)))
