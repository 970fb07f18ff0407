/** What a process or a thread of Millrace runs in the bench. Its settings are in the environment, which threads inherit. */
import { StreamsBuilder } from '@millrace/core'
import { consoleLogger, defineApplication } from '@millrace/runtime'
import { rocksdb } from '@millrace/store-rocksdb'
import { findWorkload } from './find-workloads.ts'
import type { RunOptions } from './run-options.ts'

const { client, run } = JSON.parse(process.env['MILLRACE_BENCH_RUN']!) as {
  readonly client: 'kafka' | 'kafkajs'
  readonly run: RunOptions
}
const workload = await findWorkload(run.workload)
const builder = new StreamsBuilder()
workload.topology.millrace(builder, run.topics)
const { applicationId, brokers, stateDir, guarantee, commitIntervalMs, cacheBytes, threads } = run

export const application = defineApplication(builder.build(), {
  applicationId,
  client:
    client === 'kafka'
      ? (await import('@millrace/client-wire')).kafka({ brokers })
      : (await import('@millrace/client-kafkajs')).kafkajs({ brokers }),
  store: rocksdb(),
  stateDir,
  processingGuarantee: guarantee,
  logger: consoleLogger('warn'),
  ...(threads === undefined ? {} : { threads }),
  ...(commitIntervalMs === undefined ? {} : { commitIntervalMs }),
  ...(cacheBytes === undefined ? {} : { stateBufferBytes: cacheBytes }),
})
