import { kafka } from '@millrace/client-wire'
import { type ClientFactory, type KafkaClient, openClient, type Plan, systemClock } from '@millrace/core'
import { type KafkaStreamsOptions, silentLogger } from '@millrace/runtime'
import { connectionOf } from './connection-options.ts'
import { loadModule } from './load-plan.ts'
import { text } from './parsed-options.ts'
import { UsageError } from './usage-error.ts'

/** How a command is told which application it is about, and where its Kafka is. */
export const TARGET_OPTIONS = { 'application-id': text, 'bootstrap-server': text, 'command-config': text } as const

export const TARGET_USAGE = `  --application-id ID          of the application  (default: as the MODULE says)
  --bootstrap-server LIST      host:port,host:port  (default: as the MODULE says, otherwise localhost:9092)
  --command-config FILE        JSON with more options of kafka(), such as tls and sasl`

export interface TargetValues {
  readonly 'application-id'?: string | undefined
  readonly 'bootstrap-server'?: string | undefined
  readonly 'command-config'?: string | undefined
}

/** The Kafka that a command works on, and the application if a module is named. */
export interface Target {
  readonly plan: Plan | undefined
  readonly applicationId: string | undefined
  readonly deadLetterTopic: string | undefined
  /** As `LoadedModule` says. */
  readonly planOf: string
  /** Of the application, where the module exports one. */
  readonly options: Partial<KafkaStreamsOptions> | undefined
  readonly factory: ClientFactory
}

export type ApplicationTarget = Target & { readonly plan: Plan; readonly applicationId: string }

/**
 * A module that exports an application brings its id and its client; options of the command line come first.
 * @throws UsageError
 */
export async function targetOf(module: string | undefined, values: TargetValues): Promise<Target> {
  const loaded = module === undefined ? undefined : await loadModule(module)
  const options = loaded?.application?.options
  const { 'bootstrap-server': brokers, 'command-config': config } = values
  const ownClient = brokers === undefined && config === undefined ? options?.client : undefined
  const { onBadRecord } = options ?? {}
  return {
    plan: loaded?.plan,
    planOf: loaded?.planOf ?? '',
    options,
    applicationId: values['application-id'] ?? options?.applicationId,
    deadLetterTopic: typeof onBadRecord === 'object' ? onBadRecord.deadLetterTopic : undefined,
    factory: ownClient ?? kafka({ ...(await connectionOf(config)), brokers: brokers ?? 'localhost:9092' }),
  }
}

/** @throws UsageError where the id of the application is not known */
export async function applicationTarget(module: string, values: TargetValues): Promise<ApplicationTarget> {
  const target = await targetOf(module, values)
  const { plan, applicationId } = target
  if (plan === undefined || applicationId === undefined)
    throw new UsageError(`--application-id is missing: ${module} exports a plan without the options of an application`)
  return { ...target, plan, applicationId }
}

/** Opens the client for as long as `use` takes. */
export async function withClient<T>(target: Target, use: (client: KafkaClient) => Promise<T>): Promise<T> {
  const client = openClient(target.factory, { clientId: 'millrace-cli', clock: systemClock, logger: silentLogger })
  try {
    return await use(client)
  } finally {
    await client.close()
  }
}
