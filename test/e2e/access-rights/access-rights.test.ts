import { type ClientFactory, isMillraceError, type KafkaClient, systemClock } from '@millrace/core'
import { type SecuredKafka, startSecuredKafka } from '@millrace/dev-kafka'
import {
  kafka as wire,
  KafkaStreams,
  long,
  type ProcessingGuarantee,
  silentLogger,
  string,
  StreamsBuilder,
} from 'millrace'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually, type TopicIo, topicIo } from '../../topic-io.ts'
import { grantRights, type Right } from './grant-rights.ts'

const LIMIT_MS = 120_000
let kafka: SecuredKafka
let io: TopicIo
let client: KafkaClient

beforeAll(async () => {
  kafka = await startSecuredKafka({
    config: {
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS;User:broker',
    },
  })
  const factory = wire({ brokers: kafka.brokers })
  io = topicIo(factory)
  client = factory({ clientId: 'test', clock: systemClock, logger: silentLogger })
}, LIMIT_MS)
afterAll(async () => {
  await io?.[Symbol.asyncDispose]()
  await client?.close()
  await kafka?.stop()
})

/** The table of docs/operations.md, for an application with these topics. */
function documentedRights(app: string, inputs: readonly string[], outputs: readonly string[]): readonly Right[] {
  const page = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8')
  const rows = page.slice(page.indexOf('| resource | rights |')).split('\n\n', 1)[0]!.split('\n').slice(2)
  return rows.flatMap(row => {
    const [, resource, rights] = row.split('|').map(cell => cell.trim()) as [string, string, string]
    const operations = rights.split(', ') as Right['operation'][]
    const of = (kind: Right['resource'], pattern: Right['pattern'], names: readonly string[]) =>
      names.flatMap(name => operations.map((operation): Right => ({ resource: kind, pattern, name, operation })))
    if (resource.startsWith('input topics')) return of('topic', 'literal', inputs)
    if (resource.startsWith('output topics')) return of('topic', 'literal', outputs)
    if (resource.startsWith('topics with the prefix')) return of('topic', 'prefixed', [`${app}-`])
    if (resource.startsWith('the consumer group')) return of('group', 'literal', [app])
    if (resource.startsWith('transactional ids')) return of('transactionalId', 'prefixed', [`${app}-`])
    throw new Error(`the test does not know the row ${row}`)
  })
}

/** A token as Kafka's unsecured validator takes it. */
function tokenOf(subject: string): string {
  const part = (claims: object) => Buffer.from(JSON.stringify(claims)).toString('base64url')
  const now = Date.now() / 1000
  return `${part({ alg: 'none' })}.${part({ sub: subject, iat: now, exp: now + 3_600 })}.`
}

/** A broker has answered before it knows of the rights itself. Those of one request take effect together. */
async function rightsTakeEffect(asUser: ClientFactory, topic: string): Promise<void> {
  const user = asUser({ clientId: 'test', clock: systemClock, logger: silentLogger })
  const mayRead = async () => {
    try {
      await user.admin().earliestOffsets([{ topic, partition: 0 }])
      return true
    } catch (error) {
      if (!isMillraceError(error) || error.code !== 'MILLRACE_CLIENT_NOT_AUTHORIZED') throw error
      return false
    }
  }
  await eventually(`rights for ${topic}`, 20_000, mayRead, may => may)
  await user.close()
}

it.each<ProcessingGuarantee>(['at_least_once', 'exactly_once'])(
  'an application runs with the rights in the table of docs/operations.md, %s',
  { timeout: LIMIT_MS },
  async guarantee => {
    const app = `rights-${guarantee.replaceAll('_', '-')}`
    const [input, output, letters] = ['words', 'counts', 'letters'].map(name => `${guarantee}.${name}`) as [
      string,
      string,
      string,
    ]
    for (const topic of [input, output, letters]) await io.createTopic(topic, 2)
    const rights = documentedRights(app, [input], [output, letters])
    await grantRights(
      kafka.brokers,
      `User:${app}`,
      guarantee === 'exactly_once' ? rights : rights.filter(({ resource }) => resource !== 'transactionalId'),
    )
    const asUser = wire({
      brokers: kafka.saslBrokers,
      sasl: { mechanism: 'oauthbearer', token: () => ({ value: tokenOf(app) }) },
    })
    await rightsTakeEffect(asUser, input)

    const builder = new StreamsBuilder()
    builder
      .stream(input, { key: string(), value: string() })
      .mapValues(word => {
        if (word === 'bad') throw new Error('a bad word')
        return word
      })
      .groupBy(word => word, { name: 'by-word', key: string(), value: string() })
      .count({ store: 'counts' })
      .toStream()
      .to(output, { key: string(), value: long() })
    const streams = new KafkaStreams(builder.build(), {
      applicationId: app,
      client: asUser,
      processingGuarantee: guarantee,
      onBadRecord: { deadLetterTopic: letters },
      commitIntervalMs: 100,
      repartitionPurgeIntervalMs: 500,
      logger: silentLogger,
    })
    await streams.start()
    const failed = streams.ended()
    failed.catch(() => undefined)
    const words = ['tea', 'coffee', 'tea', 'bad', 'tea'].map((value, n) => ({
      partition: n % 2,
      key: null,
      value,
      timestamp: Date.now(),
    }))
    await io.produce(input, words)
    const total = (offsets: readonly number[]) => offsets.reduce((sum, offset) => sum + offset, 0)
    const repartition = [0, 1].map(partition => ({ topic: `${app}-by-word-repartition`, partition }))
    const starts = async () => total((await client.admin().earliestOffsets(repartition)).map(({ offset }) => offset))
    const some = (sum: number) => sum > 0
    await Promise.race([
      failed,
      (async () => {
        await eventually('results', 20_000, async () => total(await io.ends(output)), some)
        await eventually('a dead letter', 20_000, async () => total(await io.ends(letters)), some)
        await eventually('a purge', 20_000, starts, some)
      })(),
    ])
    expect(streams.state).toBe('RUNNING')
    await streams.close()
  },
)
