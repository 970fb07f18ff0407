import {
  isMillraceError,
  NO_HEADERS,
  systemClock,
  type Assignor,
  type GroupConsumerOptions,
  type KafkaClient,
  type Logger,
  type MemberAssignment,
} from '@millrace/core'
import { type SecuredKafka, startSecuredKafka } from '@millrace/dev-kafka'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { kafka as wire, type KafkaOptions } from './kafka.ts'

/** A password that is wrong, and must be in no log. */
const SECRET = 'not-this-one'
/** After this a broker ends a session that has not been authenticated again (KIP-368), in milliseconds. */
const SESSION_MS = 3_000
const logged: string[] = []
const log: Logger['warn'] = (fields, text) => void logged.push(text + inspect(fields, { depth: null }))
const logger: Logger = { debug: log, info: log, warn: log, error: log }

let kafka: SecuredKafka
beforeAll(async () => {
  kafka = await startSecuredKafka({
    config: {
      'connections.max.reauth.ms': String(SESSION_MS),
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      // All but `stranger`.
      'super.users': 'User:ANONYMOUS;User:app;User:broker;User:CN=client',
    },
  })
})
afterAll(() => kafka?.stop())

/** A token as Kafka's unsecured validator takes it: base64 of a header and of claims, without a signature. */
function token(subject: string): string {
  const part = (claims: object) => Buffer.from(JSON.stringify(claims)).toString('base64url')
  const now = Date.now() / 1000
  return `${part({ alg: 'none' })}.${part({ sub: subject, iat: now, exp: now + 3_600 })}.`
}

function open(options: KafkaOptions): KafkaClient {
  const client = wire(options)({ clientId: 'test', clock: systemClock, logger })
  onTestFinished(() => client.close())
  return client
}

function password(mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512', secret = kafka.password) {
  return { mechanism, username: kafka.user, password: secret }
}

const oauth = (subject: string) => ({ mechanism: 'oauthbearer' as const, token: () => ({ value: token(subject) }) })
const tls = () => ({ ca: [kafka.serverCertificate] })

describe('secured connections', () => {
  it.each<[string, () => KafkaOptions, boolean]>([
    ['SASL PLAIN', () => ({ brokers: kafka.saslBrokers, sasl: password('plain') }), true],
    ['SCRAM-SHA-256', () => ({ brokers: kafka.saslBrokers, sasl: password('scram-sha-256') }), true],
    [
      'SCRAM-SHA-512 over TLS',
      () => ({ brokers: kafka.saslTlsBrokers, tls: tls(), sasl: password('scram-sha-512') }),
      true,
    ],
    ['OAUTHBEARER', () => ({ brokers: kafka.saslBrokers, sasl: oauth('app') }), true],
    ['client certificates', () => ({ brokers: kafka.mutualTlsBrokers, tls: { ...tls(), ...kafka.clientStore } }), true],
    [
      'a function in the TLS options',
      () => ({
        brokers: kafka.saslTlsBrokers,
        tls: { ...tls(), checkServerIdentity: () => undefined },
        sasl: password('plain'),
      }),
      false,
    ],
  ])('writes, reads and keeps a place in a group: %s', async (_what, options, throughAThread) => {
    const client = open(options())
    expect(client.capabilities.busyHeartbeats).toBe(throughAThread)
    const topic = await newTopic(client)
    await write(client, topic)
    const { member, pollUntil } = joining(client, topic)
    expect(await pollUntil(1)).toBe(1)
    await member.commit([{ topic, partition: 0, offset: 1 }])
  })

  it('goes on reading and writing when sessions end and have to be authenticated again', async () => {
    const client = open({ brokers: kafka.saslBrokers, sasl: password('scram-sha-256') })
    const topic = await newTopic(client)
    const { pollUntil } = joining(client, topic)
    const end = Date.now() + 3 * SESSION_MS
    let written = 0
    while (Date.now() < end) {
      await write(client, topic)
      written++
      await pollUntil(written)
    }
    expect(written).toBeGreaterThan(0)
    expect(await pollUntil(written)).toBe(written)
  })

  it.each<[string, () => KafkaOptions]>([
    ['a wrong password', () => ({ brokers: kafka.saslBrokers, sasl: password('plain', SECRET) })],
    ['a wrong password of SCRAM', () => ({ brokers: kafka.saslBrokers, sasl: password('scram-sha-256', SECRET) })],
    [
      'a token that is none',
      () => ({ brokers: kafka.saslBrokers, sasl: { ...oauth('app'), token: () => ({ value: SECRET }) } }),
    ],
    [
      'a certificate that is not trusted',
      () => ({ brokers: kafka.saslTlsBrokers, tls: true, sasl: password('plain') }),
    ],
    ['a client without a certificate', () => ({ brokers: kafka.mutualTlsBrokers, tls: tls() })],
  ])('says what is wrong with %s, and keeps secrets to itself', async (_what, options) => {
    logged.length = 0
    const client = open(options())
    const error = await failureOf(client.admin().listTopics())
    expect(error).toMatchObject({ kind: 'config', code: 'MILLRACE_CLIENT_NOT_ADMITTED' })
    // As loggers show them: the causes of errors, and what hangs on objects.
    const shown = [error, client, client.admin()].map(each => inspect(each, { depth: null, showHidden: true }))
    for (const text of [String(error), ...shown, ...logged]) {
      expect(text).not.toContain(SECRET)
      expect(text).not.toContain(Buffer.from(SECRET).toString('base64'))
    }
  })

  it('waits for a token that cannot be had at the moment', async () => {
    const sasl = { mechanism: 'oauthbearer' as const, token: () => Promise.reject(new Error('no network')) }
    const error = await failureOf(open({ brokers: kafka.saslBrokers, sasl }).admin().listTopics())
    expect(error).toMatchObject({ kind: 'retriable', message: expect.stringContaining('no network') as string })
  })

  it('keeps the place of a member whose thread is blocked for longer than its session, by tokens too', async () => {
    const client = open({ brokers: kafka.saslBrokers, sasl: oauth('app') })
    const topic = await newTopic(client)
    const { member, pollUntil } = joining(client, topic, { sessionTimeoutMs: 6_000, heartbeatIntervalMs: 500 })
    await pollUntil(0)
    const { memberId } = member.groupMetadata()
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 9_000)
    await member.confirm(0)
    expect(member.groupMetadata().memberId).toBe(memberId)
  })
})

type Use = (client: KafkaClient, topic: string) => Promise<unknown>

describe('a principal without rights', () => {
  it.each<[string, Use, string, (topic: string) => string]>([
    [
      'to write',
      async (client, topic) => {
        const producer = client.producer({})
        await producer.init()
        append(producer.topic(topic))
        await producer.flush()
      },
      'IdempotentWrite',
      () => 'the cluster',
    ],
    [
      'to use a transactional id',
      (client, topic) => client.producer({ transactionalId: topic }).init(),
      'Write',
      topic => `the transactional id "${topic}"`,
    ],
    [
      'to read',
      async (client, topic) => {
        const consumer = client.consumer({ isolationLevel: 'read_committed' })
        await consumer.assign([{ topic, partition: 0, offset: 0 }])
        await consumer.poll(10_000)
      },
      'Read',
      topic => `the topic "${topic}"`,
    ],
    [
      'to be in a group',
      (client, topic) => joining(client, topic).pollUntil(0),
      'Read',
      topic => `the consumer group "${topic}"`,
    ],
    [
      'to create a topic',
      client => client.admin().createTopics([{ name: 'forbidden', partitions: 1 }]),
      'Create',
      () => 'the topic "forbidden"',
    ],
    [
      'to delete a topic',
      (client, topic) => client.admin().deleteTopics([topic]),
      'Delete',
      topic => `the topic "${topic}"`,
    ],
    [
      'to see the settings of a topic',
      (client, topic) => client.admin().describeTopicConfigs(topic),
      'DescribeConfigs',
      topic => `the topic "${topic}"`,
    ],
    [
      'to see a topic',
      (client, topic) => client.admin().latestOffsets([{ topic, partition: 0 }]),
      'Describe',
      topic => `the topic "${topic}"`,
    ],
    [
      'to see the offsets of a group',
      (client, topic) => client.admin().committedOffsets(topic, [{ topic, partition: 0 }]),
      'Describe',
      topic => `the consumer group "${topic}"`,
    ],
  ])('hears which right on what it lacks, and who it is: %s', async (_what, use, right, resource) => {
    const topic = await newTopic(open({ brokers: kafka.saslBrokers, sasl: password('plain') }))
    const error = await failureOf(use(open({ brokers: kafka.saslBrokers, sasl: oauth('stranger') }), topic))
    expect(error).toMatchObject({ kind: 'config', code: 'MILLRACE_CLIENT_NOT_AUTHORIZED' })
    expect(String(error)).toContain(`"User:stranger" needs the right ${right} on ${resource(topic)} (`)
  })
})

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'no failure',
    (error: unknown) => error,
  )
}

async function newTopic(client: KafkaClient): Promise<string> {
  const topic = `secured-${Math.random().toString(36).slice(2)}`
  await client.admin().createTopics([{ name: topic, partitions: 1 }])
  return topic
}

async function write(client: KafkaClient, topic: string): Promise<void> {
  const producer = client.producer({})
  await producer.init()
  append(producer.topic(topic))
  await producer.flush()
  await producer.close()
}

function append(appender: ReturnType<ReturnType<KafkaClient['producer']>['topic']>): void {
  const value = Buffer.from('value')
  appender.append(0, Date.now(), value, -1, -1, value, 0, value.length, NO_HEADERS)
}

function joining(client: KafkaClient, topic: string, options: Partial<GroupConsumerOptions> = {}) {
  const member = client.groupConsumer({ groupId: topic, isolationLevel: 'read_committed', ...options })
  const state = { assigned: false, records: 0 }
  const assignor: Assignor = {
    name: 'all-to-one',
    userData: () => new Uint8Array(),
    async assign(members) {
      const all = (n: number): MemberAssignment['partitions'] => (n === 0 ? [{ topic, partition: 0 }] : [])
      return new Map(members.map(({ memberId }, n) => [memberId, { partitions: all(n), userData: new Uint8Array() }]))
    },
  }
  member.subscribe({
    topics: [topic],
    assignor,
    listener: {
      onAssigned: async partitions => {
        for (const at of partitions) member.seek({ ...at, offset: 0 })
        state.assigned = true
      },
      onRevoked: async () => {},
      onLost: async () => {},
    },
  })
  /** A coordinator that has just started is not ready at first. */
  const pollUntil = async (count: number): Promise<number> => {
    while (!state.assigned || state.records < count) {
      const batches = await member.poll(100).catch((error: unknown) => {
        if (!isMillraceError(error, 'retriable')) throw error
        return []
      })
      for (const { recordCount } of batches) state.records += recordCount
    }
    return state.records
  }
  return { member, pollUntil }
}
