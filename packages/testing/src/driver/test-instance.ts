import type { MemoryClient } from '@millrace/client-memory'
import type { Plan } from '@millrace/core'
import { Instance, type KafkaStreamsOptions, type Metrics, resolveOptions, type RestoreEvent } from '@millrace/runtime'

/** What an instance keeps its state in. */
export type InstanceDisk = Pick<KafkaStreamsOptions, 'store' | 'stateDir'>

/** A member of the application under test: a real `Instance`, and what is needed to make it crash. */
export class TestInstance {
  readonly number: number
  /** What its state is kept in, for a later instance to take over. */
  readonly disk: InstanceDisk
  readonly instance: Instance
  readonly #clients: MemoryClient[] = []

  constructor(setup: {
    readonly number: number
    readonly plan: Plan
    readonly options: KafkaStreamsOptions
    readonly client: (context: Parameters<KafkaStreamsOptions['client']>[0]) => MemoryClient
    readonly disk: InstanceDisk
    readonly metrics: Metrics
    readonly onRestored: (event: RestoreEvent) => void
  }) {
    this.number = setup.number
    this.disk = setup.disk
    const client: KafkaStreamsOptions['client'] = context => {
      // Member ids begin with it, and they decide the assignment of tasks: a name of its own makes each run the same.
      const made = setup.client({ ...context, clientId: `instance-${setup.number}` })
      this.#clients.push(made)
      return made
    }
    const options = resolveOptions({ ...setup.options, client, ...setup.disk })
    const { metrics, onRestored: onRestoreEnd } = setup
    this.instance = new Instance(setup.plan, options, { metrics, listener: { onRestoreEnd } })
  }

  /** As SIGKILL: nothing of it is ever heard of again. */
  crash(): void {
    for (const client of this.#clients) client.crash()
  }
}
