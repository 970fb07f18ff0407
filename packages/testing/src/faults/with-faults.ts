import {
  aFiniteNumber,
  aFunction,
  checkArguments,
  type ClientContext,
  hasMethods,
  type KafkaClient,
} from '@millrace/core'
import { FaultPlan, type FaultEvent, type FaultOptions } from './fault-plan.ts'
import { faultyAdmin } from './faulty-admin.ts'
import type { FaultyConnection } from './faulty-call.ts'
import { faultyConsumer, faultyGroupConsumer } from './faulty-consumers.ts'
import { FaultyProducer } from './faulty-producer.ts'

/** A client factory, and what was done to its clients. */
export interface FaultyFactory<Client extends KafkaClient> {
  (context: ClientContext): Client
  /** Every fault so far, in order. */
  readonly log: readonly FaultEvent[]
  /** No further faults. */
  stop(): void
}

/**
 * A factory whose clients meet faults, drawn from a seed or scheduled. Whatever else the clients can do, as `crash()` of the
 * memory client, stays.
 *
 * @example
 * const faulty = withFaults(memoryClient(cluster), { seed: 7, clock, cluster, probabilities: { 'drop-response': 0.01 } })
 * const streams = new KafkaStreams(topology, { applicationId: 'shop', client: faulty })
 */
export function withFaults<Client extends KafkaClient>(
  factory: (context: ClientContext) => Client,
  options: FaultOptions,
): FaultyFactory<Client> {
  checkArguments(
    'withFaults',
    [
      ['factory', aFunction],
      ['options', someFaults],
    ],
    [factory, options],
  )
  const plan = new FaultPlan(options)
  const faulty = (context: ClientContext): Client => faultyClient(factory(context), context.clientId, plan)
  return Object.assign(faulty, { log: plan.log, stop: () => plan.stop() })
}

function someFaults(given: unknown, name: string): string | undefined {
  const { seed, clock } = Object(given ?? {}) as Readonly<Record<string, unknown>>
  return aFiniteNumber(seed, `seed of ${name}`) ?? hasMethods('a clock', 'now', 'sleep')(clock, `clock of ${name}`)
}

function faultyClient<Client extends KafkaClient>(client: Client, clientId: string, plan: FaultPlan): Client {
  const connection: FaultyConnection = { clientId, plan, client, disconnectedUntil: 0 }
  const parts: Pick<KafkaClient, 'admin' | 'consumer' | 'groupConsumer' | 'producer'> = {
    admin: () => faultyAdmin(connection, client.admin()),
    consumer: consumer => faultyConsumer(connection, client.consumer(consumer)),
    groupConsumer: group => faultyGroupConsumer(connection, client.groupConsumer(group)),
    producer: producer => new FaultyProducer(connection, client.producer(producer), producer),
  }
  return new Proxy(client, {
    get(target, name) {
      const own: unknown = Reflect.get(parts, name)
      if (own !== undefined) return own
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
