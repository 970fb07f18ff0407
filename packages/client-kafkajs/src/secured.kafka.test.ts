import {
  type ClientFactory,
  type GroupConsumerOptions,
  isMillraceError,
  NO_HEADERS,
  systemClock,
  type Logger,
} from '@millrace/core'
import { type SecuredKafka, startSecuredKafka } from '@millrace/dev-kafka'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { Kafka, logLevel, type SASLOptions } from 'kafkajs'
import { kafkajs, type KafkajsConnection } from './kafkajs.ts'

/** A password that is wrong, and must be in no log. */
const SECRET = 'not-this-one'
const warned: string[] = []
const logger: Logger = {
  debug: () => {},
  info: () => {},
  warn: (fields, text) => void warned.push(text + JSON.stringify(fields)),
  error: () => {},
}

let kafka: SecuredKafka
beforeAll(async () => {
  kafka = await startSecuredKafka()
})
afterAll(() => kafka?.stop())

/** A token as Kafka's unsecured validator takes it: base64 of a header and of claims, without a signature. */
function token(subject: string, lifetimeMs = 3_600_000): string {
  const part = (claims: object) => Buffer.from(JSON.stringify(claims)).toString('base64url')
  const now = Date.now() / 1000
  return `${part({ alg: 'none' })}.${part({ sub: subject, iat: now, exp: now + lifetimeMs / 1000 })}.`
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value
  for (const each of Object.values(value)) frozen(each)
  return Object.freeze(value)
}

const credentials = (mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512', password = kafka.password) =>
  ({ mechanism, username: kafka.user, password }) as SASLOptions
const tls = () => ({ ca: [kafka.serverCertificate] })

/** Each, and whether heartbeats can go through another thread. */
const cases: readonly (readonly [string, () => KafkajsConnection, boolean])[] = [
  ['SASL PLAIN', () => ({ brokers: kafka.saslBrokers, sasl: credentials('plain') }), true],
  ['SASL PLAIN, frozen', () => frozen({ brokers: [kafka.saslBrokers], sasl: credentials('plain') }), true],
  ['SCRAM-SHA-256', () => ({ brokers: kafka.saslBrokers, sasl: credentials('scram-sha-256') }), true],
  ['SCRAM-SHA-512', () => ({ brokers: kafka.saslBrokers, sasl: credentials('scram-sha-512') }), true],
  [
    'SCRAM-SHA-512 over TLS, frozen',
    () => frozen({ brokers: kafka.saslTlsBrokers, ssl: tls(), sasl: credentials('scram-sha-512') }),
    true,
  ],
  [
    'OAUTHBEARER',
    () => ({
      brokers: kafka.saslBrokers,
      sasl: { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: token('app') }) },
    }),
    true,
  ],
  [
    'an authenticator of the user',
    () => ({
      brokers: kafka.saslBrokers,
      sasl: {
        mechanism: 'PLAIN',
        authenticationProvider: ({ saslAuthenticate }) => ({
          authenticate: async () => {
            // The length comes first, as in any bytes of Kafka's protocol.
            const login = `\0${kafka.user}\0${kafka.password}`
            const encode = () => Buffer.from(`\0\0\0${String.fromCharCode(login.length)}${login}`)
            await saslAuthenticate({ request: { encode } })
          },
        }),
      },
    }),
    false,
  ],
  ['client certificates', () => ({ brokers: kafka.mutualTlsBrokers, ssl: { ...tls(), ...kafka.clientStore } }), true],
  [
    'a function in ssl',
    () => ({
      brokers: kafka.saslTlsBrokers,
      ssl: { ...tls(), checkServerIdentity: () => undefined },
      sasl: credentials('plain'),
    }),
    false,
  ],
]

it.each(cases)('writes, reads and keeps a place in a group: %s', async (_what, options, throughAThread) => {
  warned.length = 0
  expect(await writesAndReads(kafkajs(options()), throughAThread)).toBe(1)
})

it('takes a Kafka of the user, whose objects stay as they are', async () => {
  const sasl = credentials('plain')
  const own = new Kafka({ brokers: [kafka.saslBrokers], sasl, logLevel: logLevel.NOTHING })
  expect(await writesAndReads(kafkajs({ kafka: own }), false)).toBe(1)
})

it('changes nothing that it is given, and two clients do not disturb each other', async () => {
  const sasl = credentials('scram-sha-256')
  const options = { brokers: kafka.saslBrokers, sasl }
  await Promise.all([writesAndReads(kafkajs(options), true), writesAndReads(kafkajs(options), true)])
  expect(options).toEqual({ brokers: kafka.saslBrokers, sasl: credentials('scram-sha-256') })
})

it('takes an object to which kafkajs has added its authenticator before', async () => {
  const sasl = credentials('plain')
  const admin = new Kafka({ brokers: [kafka.saslBrokers], sasl, logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  await admin.disconnect()
  expect(sasl).toHaveProperty('authenticationProvider')
  await writesAndReads(kafkajs({ brokers: kafka.saslBrokers, sasl }), true)
})

it.each<[string, () => KafkajsConnection]>([
  ['a wrong password', () => ({ brokers: kafka.saslBrokers, sasl: credentials('plain', SECRET) })],
  ['a wrong password of SCRAM', () => ({ brokers: kafka.saslBrokers, sasl: credentials('scram-sha-256', SECRET) })],
  [
    'a mechanism that the broker does not have',
    () => ({
      brokers: kafka.saslBrokers,
      sasl: { mechanism: 'aws', authorizationIdentity: 'a', accessKeyId: 'b', secretAccessKey: 'c' },
    }),
  ],
  [
    'a certificate that is not trusted',
    () => ({ brokers: kafka.saslTlsBrokers, ssl: true, sasl: credentials('plain') }),
  ],
  ['a client without a certificate', () => ({ brokers: kafka.mutualTlsBrokers, ssl: tls() })],
])('says what is wrong with %s, and keeps secrets to itself', async (_what, options) => {
  const client = kafkajs(options())({ clientId: 'test', clock: systemClock, logger })
  onTestFinished(() => client.close())
  const error = await client
    .admin()
    .listTopics()
    .catch((each: unknown) => each)
  expect(error).toMatchObject({ kind: 'config', code: 'MILLRACE_CLIENT_NOT_ADMITTED' })
  expect(String(error)).not.toContain(SECRET)
  expect(warned.join(' ')).not.toContain(SECRET)
})

it('waits for a token that cannot be had at the moment', async () => {
  const sasl = { mechanism: 'oauthbearer' as const, oauthBearerProvider: () => Promise.reject(new Error('no network')) }
  const client = kafkajs({ brokers: kafka.saslBrokers, sasl })({ clientId: 'test', clock: systemClock, logger })
  onTestFinished(() => client.close())
  const error = await client
    .admin()
    .listTopics()
    .catch((each: unknown) => each)
  expect(error).toMatchObject({ kind: 'retriable', message: expect.stringContaining('no network') })
})

it.each<[string, () => KafkajsConnection]>([
  ['PLAIN', () => ({ brokers: kafka.saslBrokers, sasl: credentials('plain') })],
  [
    'OAUTHBEARER',
    () => ({
      brokers: kafka.saslBrokers,
      sasl: { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: token('app') }) },
    }),
  ],
])('keeps the place of a member whose thread is blocked for longer than its session: %s', async (_what, options) => {
  const client = kafkajs(options())({ clientId: 'test', clock: systemClock, logger })
  onTestFinished(() => client.close())
  const topic = await newTopic(client)
  const { member, pollUntil } = joining(client, topic, { sessionTimeoutMs: 6_000, heartbeatIntervalMs: 500 })
  await pollUntil(0)
  const { memberId } = member.groupMetadata()
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 9_000)
  await member.confirm(0)
  expect(member.groupMetadata().memberId).toBe(memberId)
})

type Client = ReturnType<ClientFactory>

async function newTopic(client: Client): Promise<string> {
  const topic = `secured-${Math.random().toString(36).slice(2)}`
  await client.admin().createTopics([{ name: topic, partitions: 1 }])
  return topic
}

function joining(client: Client, topic: string, options: Partial<GroupConsumerOptions> = {}) {
  const member = client.groupConsumer({ groupId: topic, isolationLevel: 'read_committed', ...options })
  let assigned = false
  const nothing = async (): Promise<void> => undefined
  member.subscribe({
    topics: [topic],
    assignor: {
      name: 'all-to-one',
      userData: () => new Uint8Array(),
      assign: async members =>
        new Map(
          members.map(({ memberId }, n) => [
            memberId,
            { partitions: n === 0 ? [{ topic, partition: 0 }] : [], userData: new Uint8Array() },
          ]),
        ),
    },
    listener: {
      onAssigned: async partitions => {
        for (const at of partitions) member.seek({ ...at, offset: 0 })
        assigned = true
      },
      onRevoked: nothing,
      onLost: nothing,
    },
  })
  let records = 0
  /** Until it is assigned, and has read this many records. A coordinator that has just started is not ready at first. */
  const pollUntil = async (count: number): Promise<number> => {
    while (!assigned || records < count) {
      const batches = await member.poll(100).catch((error: unknown) => {
        if (!isMillraceError(error, 'retriable')) throw error
        return []
      })
      for (const { recordCount } of batches) records += recordCount
    }
    return records
  }
  return { member, pollUntil }
}

async function writesAndReads(factory: ClientFactory, throughAThread: boolean): Promise<number> {
  const client = factory({ clientId: 'test', clock: systemClock, logger })
  try {
    expect(client.capabilities.busyHeartbeats).toBe(throughAThread)
    const topic = await newTopic(client)
    const producer = client.producer({})
    await producer.init()
    const value = Buffer.from('value')
    producer.topic(topic).append(0, Date.now(), value, -1, -1, value, 0, value.length, NO_HEADERS)
    await producer.flush()
    const { member, pollUntil } = joining(client, topic)
    const records = await pollUntil(1)
    await member.commit([{ topic, partition: 0, offset: 1 }])
    return records
  } finally {
    await client.close()
  }
}
