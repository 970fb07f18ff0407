import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kafka } from '@millrace/client-wire'
import { type Admin, isMillraceError, type KafkaClient, systemClock } from '@millrace/core'
import { silentLogger } from '@millrace/runtime'
import { type RunningRegistry, schemaRegistry, startRegistry } from '@millrace/schema-registry'
import type { ContenderName } from './contender-names.ts'
import type { Contenders } from './contenders.ts'
import { type InputSpec, PARTITIONS, writeInput } from './inputs.ts'
import type { NoiseMeter } from './noise.ts'
import type { Pinning } from './pinning.ts'
import { type RunOptions, settingsOf } from './run-options.ts'
import type { RunnableWorkload, Workload } from './workload.ts'

/** What all measurements share: the broker, a client, the inputs written so far. */
export class Lab {
  readonly brokers: string
  readonly client: KafkaClient
  readonly admin: Admin
  readonly contenders: Contenders
  readonly pinning: Pinning
  readonly noise: NoiseMeter
  /** Factor on the number of records of each input. */
  readonly scale: number
  readonly #prefix = `bench-${Date.now().toString(36)}`
  readonly #inputs = new Map<string, Promise<void>>()
  #runs = 0
  #registry: RunningRegistry | undefined

  constructor(options: Pick<Lab, 'brokers' | 'contenders' | 'pinning' | 'noise' | 'scale'>) {
    this.brokers = options.brokers
    this.contenders = options.contenders
    this.pinning = options.pinning
    this.noise = options.noise
    this.scale = options.scale
    this.client = kafka({ brokers: options.brokers })({ clientId: 'bench', clock: systemClock, logger: silentLogger })
    this.admin = this.client.admin()
  }

  records(count: number): number {
    return Math.max(1_000, Math.round(count * this.scale))
  }

  /** Writes an input unless an earlier workload did. @returns the name of its topic */
  async input(spec: InputSpec): Promise<string> {
    const records = this.records(spec.records)
    const topic = `${this.#prefix}-in-${spec.id}-${records}`
    let written = this.#inputs.get(topic)
    if (written === undefined) {
      written = writeInput(this.client, topic, spec, records)
      this.#inputs.set(topic, written)
    }
    await written
    return topic
  }

  /** A name that no run has had. */
  applicationId(workload: Workload, contender: ContenderName): string {
    return `${this.#prefix}-${workload.id}-${contender}-${++this.#runs}`
  }

  /** The settings of one run, with an empty output topic and state directory. `cleanUp` deletes both and the internal topics. */
  async prepare(
    workload: RunnableWorkload,
    applicationId: string,
    inputs: Readonly<Record<string, string>>,
    outPartitions = PARTITIONS,
  ): Promise<{ readonly run: RunOptions; cleanUp(): Promise<void> }> {
    const { guarantee, cacheBytes, commitIntervalMs } = settingsOf(workload)
    const defaults = workload.kind === 'latency' && workload.defaults === true
    const out = `${applicationId}-out`
    await this.admin.createTopics([{ name: out, partitions: outPartitions }])
    const stateDir = await mkdtemp(join(tmpdir(), 'millrace-bench-state-'))
    return {
      run: {
        workload: workload.id,
        brokers: this.brokers,
        applicationId,
        stateDir,
        topics: { in: inputs, out, ...(await this.#registryFor(workload)) },
        guarantee,
        ...(defaults ? {} : { commitIntervalMs, cacheBytes }),
      },
      cleanUp: async () => {
        await rm(stateDir, { recursive: true, force: true })
        // Some rivals put a word of their own before it.
        const topics = (await this.admin.listTopics()).filter(topic => topic.includes(`${applicationId}-`))
        await this.admin.deleteTopics(topics)
      },
    }
  }

  /** @returns the URL of the registry, where the schemas of the workload are */
  async #registryFor(workload: RunnableWorkload): Promise<{ readonly registry?: string }> {
    if (workload.kind !== 'throughput' || workload.schemas === undefined) return {}
    this.#registry ??= await startRegistry()
    const { url } = this.#registry
    const registry = schemaRegistry({ url })
    for (const [index, schema] of workload.schemas.entries()) {
      const { id } = await registry.register(
        schema.name,
        { schema: JSON.stringify(schema), schemaType: 'AVRO' },
        { normalize: false },
      )
      if (id !== index + 1) throw new Error(`the schema ${schema.name} has the id ${id} and not ${index + 1}`)
    }
    return { registry: url }
  }

  /** Creates a topic, and waits until its leaders are elected. */
  async createTopic(name: string, partitions: number, configs: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.admin.createTopics([{ name, partitions, configs }])
  }

  async close(): Promise<void> {
    const topics = (await this.admin.listTopics()).filter(topic => topic.startsWith(`${this.#prefix}-in-`))
    try {
      await this.admin.deleteTopics(topics)
    } catch (error) {
      if (!isMillraceError(error, 'retriable')) throw error
    }
    await this.#registry?.close()
    await this.client.close()
  }
}
