import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type ClientFactory,
  KafkaStreams,
  type KafkaStreamsOptions,
  memoryClient,
  MemoryCluster,
  type Plan,
} from 'millrace'
import { systemClock } from '@millrace/core'
import { type LogLine, logLines } from '../log-lines.ts'
import { type TopicIo, topicIo } from '../topic-io.ts'

/** A Kafka in memory, a state directory, and the applications that a test runs on them. All of it goes with the test. */
export interface MemoryApps extends AsyncDisposable {
  readonly client: ClientFactory
  readonly io: TopicIo
  readonly stateDir: string
  /** What all applications have logged. */
  readonly lines: readonly LogLine[]
  app(plan: Plan, options?: Partial<KafkaStreamsOptions>): KafkaStreams
}

export async function memoryApps(): Promise<MemoryApps> {
  const cluster = new MemoryCluster({ clock: systemClock })
  const client: ClientFactory = memoryClient(cluster)
  const io = topicIo(client)
  const stateDir = await mkdtemp(join(tmpdir(), 'millrace-'))
  const { logger, lines } = logLines()
  const apps: KafkaStreams[] = []
  return {
    client,
    io,
    stateDir,
    lines,
    app(plan, options = {}) {
      const app = new KafkaStreams(plan, {
        applicationId: 'app',
        client,
        stateDir,
        commitIntervalMs: 10,
        logger,
        ...options,
      })
      apps.push(app)
      return app
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(apps.map(app => app.close()))
      await io[Symbol.asyncDispose]()
      await rm(stateDir, { recursive: true, force: true })
    },
  }
}
