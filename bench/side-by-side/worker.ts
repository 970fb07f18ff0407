/** One Millrace application of the bench, one process: BROKERS WORKLOAD APPLICATION INPUT OUTPUT GUARANTEE, until SIGTERM. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kafkajs } from '@millrace/client-kafkajs'
import { KafkaStreams, type ProcessingGuarantee } from '@millrace/runtime'
import { rocksdb } from '@millrace/store-rocksdb'
import { WORKLOADS } from '../engine/workloads.ts'

const [brokers, name, applicationId, input, output, guarantee] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  ProcessingGuarantee,
]
const workload = WORKLOADS.find(candidate => candidate.name === name)
if (workload === undefined) throw new Error(`there is no workload "${name}"`)
const stateDir = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
const streams = new KafkaStreams(workload.plan(input, output), {
  applicationId,
  client: kafkajs({ brokers }),
  store: rocksdb(),
  stateDir,
  processingGuarantee: guarantee,
})
await streams.run()
await rm(stateDir, { recursive: true, force: true })
