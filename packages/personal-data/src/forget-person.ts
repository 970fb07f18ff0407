import { type ClientFactory, type Logger, millraceError, openClient, systemClock } from '@millrace/core'
import { checkForgetOptions } from './check-personal-options.ts'
import { type KeyRecord, printKeyRecord } from './key-record.ts'
import { DEFAULT_TOPIC, keyTopic } from './key-topic.ts'

export interface ForgetOptions {
  readonly client: ClientFactory
  readonly subject: string
  /** @default 'personal-keys' */
  readonly topic?: string
  /** Only count the keys. @default false */
  readonly dryRun?: boolean
}

export interface Forgotten {
  /** The number of keys. */
  readonly keys: number
}

const QUIET: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** Deletes the keys of a person, without a master key: for scripts and the command `millrace forget`. @throws MILLRACE_TOPIC_MISSING, MILLRACE_CONFIG_INVALID */
export async function forgetPerson(options: ForgetOptions): Promise<Forgotten> {
  checkForgetOptions(options)
  const { subject, topic = DEFAULT_TOPIC, dryRun = false } = options
  const client = openClient(options.client, { clientId: 'millrace-forget', clock: systemClock, logger: QUIET })
  const live = new Set<string>()
  const apply = (record: KeyRecord): void => {
    if ('wrapped' in record && record.subject === subject) live.add(record.id)
    else live.delete(record.id)
  }
  const log = keyTopic({ client, clock: systemClock, topic, replicationFactor: undefined }, apply)
  try {
    const [found] = await client.admin().describeTopics([topic])
    if (found === undefined) throw millraceError('MILLRACE_TOPIC_MISSING', { topic })
    await log.catchUp()
    let keys = 0
    while (live.size > 0) {
      keys += live.size
      if (dryRun) break
      const forgottenAt = systemClock.now()
      await log.write([...live].map(id => printKeyRecord({ id, forgottenAt })))
      await log.catchUp()
    }
    return { keys }
  } finally {
    await log.close()
    await client.close()
  }
}
