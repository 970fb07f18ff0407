import { type Clock, type ClientFactory, type Logger, openClient, type Serde, systemClock } from '@millrace/core'
import { checkPerson, checkPersonalFields, checkPersonalOptions } from './check-personal-options.ts'
import type { FieldOf } from './field-of.ts'
import { parseFields } from './field-steps.ts'
import { KeyRing } from './key-ring.ts'
import { DEFAULT_TOPIC } from './key-topic.ts'
import type { MasterKey } from './master-key.ts'
import { personalSerde } from './personal-serde.ts'

/** What a field of a forgotten person is read as, unless `forgotten` says otherwise. */
export const FORGOTTEN = '[forgotten]'

export interface PersonalDataOptions {
  /** Of the Kafka that has the topic of the keys, such as `kafka({ brokers })`. */
  readonly client: ClientFactory
  /** What wraps the keys. Of several, the first wraps new keys, and all unwrap: so a master key is replaced. */
  readonly masterKey: MasterKey | readonly MasterKey[]
  /** The compacted topic of the keys; it is created unless it exists. @default 'personal-keys' */
  readonly topic?: string
  /** Of the topic, when it is created. @default the broker's */
  readonly replicationFactor?: number
  /** How often the topic is read, in milliseconds: so long a forgotten key may still be used here. @default 1000 */
  readonly refreshMs?: number
  /** How old the knowledge of the keys may be, in milliseconds. Beyond it, encoding and decoding wait. @default 60000 */
  readonly maxStaleMs?: number
  /** @default the system clock */
  readonly clock?: Clock
  /** For the Kafka client. @default nothing is logged */
  readonly logger?: Logger
}

export interface PersonalFields<T> {
  /** Names the person whose data the value has. It must not be one of the encrypted fields. */
  readonly subject: (value: T) => string
  /** The fields to encrypt, as `name`, `address.street` or `phones[].number`. */
  readonly fields: readonly FieldOf<T>[]
  /** What a field of a forgotten person is read as. @default FORGOTTEN */
  readonly forgotten?: unknown
  /** Read fields that are not encrypted as they are: they were written before. @default false */
  readonly acceptPlain?: boolean
}

/** Serdes that encrypt fields, and the keys of the persons whose fields they are. */
export interface PersonalData extends AsyncDisposable {
  /** A serde that encrypts fields of the values of another one. @throws MILLRACE_CONFIG_INVALID */
  serde<T>(inner: Serde<T>, fields: PersonalFields<T>): Serde<T>
  /**
   * Makes a key for a person unless there is one. Sinks wait for a new key; a store cannot wait, and its task is started again. Call this in an
   * asynchronous operator before the first value of a person gets into a store.
   */
  ensure(subject: string): Promise<void>
  /**
   * Deletes the keys of a person. What was encrypted with them cannot be read any more: in all topics, stores and changelogs. Data that are
   * written afterwards get a new key.
   * @returns the number of deleted keys
   */
  forget(subject: string): Promise<number>
  close(): Promise<void>
}

const QUIET: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/**
 * Encrypts fields of values with a key for each person.
 *
 * @throws MILLRACE_CONFIG_INVALID
 * @example
 * const personal = personalData({ client: kafka({ brokers }), masterKey: masterKey(process.env.MASTER_KEY!) })
 * const customer = personal.serde(json<Customer>(), { subject: ({ id }) => id, fields: ['name', 'address.street'] })
 * await personal.forget('c-17')
 */
export function personalData(options: PersonalDataOptions): PersonalData {
  checkPersonalOptions(options)
  const {
    topic = DEFAULT_TOPIC,
    refreshMs = 1000,
    maxStaleMs = 60_000,
    clock = systemClock,
    replicationFactor,
  } = options
  const context = { clientId: 'millrace-personal-data', clock, logger: options.logger ?? QUIET }
  const client = openClient(options.client, context)
  const masterKeys = [options.masterKey].flat() as readonly MasterKey[]
  const ring = new KeyRing({ client, clock, topic, replicationFactor, masterKeys, refreshMs, maxStaleMs })
  const close = async (): Promise<void> => {
    await ring.close()
    await client.close()
  }
  return {
    serde(inner, given) {
      checkPersonalFields(inner, given)
      const { subject, fields, forgotten = FORGOTTEN, acceptPlain = false } = given
      return personalSerde({
        ring,
        inner,
        subject,
        fields: parseFields(fields),
        fieldNames: fields,
        forgotten,
        acceptPlain,
      })
    },
    async ensure(subject) {
      checkPerson(subject)
      await ring.ensure(subject)
    },
    async forget(subject) {
      checkPerson(subject)
      return await ring.forget(subject)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
