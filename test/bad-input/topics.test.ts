import { isMillraceError, long, type MillraceError, StreamsBuilder, string } from 'millrace'
import { describe, expect, it } from 'vitest'
import { memoryApps } from './memory-app.ts'

const text = { key: string(), value: string() }

/** What starting an application throws. */
async function failureOf(start: Promise<unknown>): Promise<MillraceError> {
  const error: unknown = await start.then(
    () => new Error('it has started'),
    (failure: unknown) => failure,
  )
  if (!isMillraceError(error)) throw error
  return error
}

function copy(from: string, to: string) {
  const builder = new StreamsBuilder()
  builder.stream(from, text).to(to, text)
  return builder.build()
}

function count(from: string) {
  const builder = new StreamsBuilder()
  builder
    .stream(from, text)
    .groupByKey()
    .count({ store: 'counts' })
    .toStream()
    .to('out', { key: string(), value: long() })
  return builder.build()
}

describe('a topic that does not fit', () => {
  it.each([
    { missing: 'in', exists: 'out' },
    { missing: 'out', exists: 'in' },
  ])('is named when it does not exist: $missing', async ({ missing, exists }) => {
    await using apps = await memoryApps()
    await apps.io.createTopic(exists, 1)
    const app = apps.app(copy('in', 'out'))
    const error = await failureOf(app.start())
    expect(error).toMatchObject({
      code: 'MILLRACE_TOPIC_MISSING',
      kind: 'config',
      hint:
        'Create the topic, or correct its name in the topology. Millrace creates internal topics only. ' +
        `To create: await createTopics(client, { name: '${missing}', partitions: 4 }) before start(), ` +
        `or kafka-topics.sh --bootstrap-server HOST:PORT --create --topic ${missing} --partitions 4`,
    })
    expect(error.message).toContain(`"${missing}"`)
    expect(app.state).toBe('ERROR')
  })

  it('is named beside those that were most likely meant, and the others that are missing', async () => {
    await using apps = await memoryApps()
    await apps.io.createTopic('orders', 1)
    const error = await failureOf(apps.app(copy('odrers', 'billed')).start())
    expect(error.message).toContain('The topic "odrers" does not exist')
    expect(error.hint).toMatch(
      /^Did you mean "orders"\? Create the topic, .* Also missing: billed\. To create: .*billed/,
    )
  })

  it('is said to be missing when nothing matches a pattern', async () => {
    await using apps = await memoryApps()
    await apps.io.createTopic('out', 1)
    const builder = new StreamsBuilder()
    builder.stream(/ordres-.*/, text).to('out', text)
    await apps.app(builder.build()).start()
    const lines = apps.lines.filter(({ message }) => message.startsWith('no topic matches the pattern'))
    expect(lines).toMatchObject([{ level: 'warn', fields: { pattern: '/ordres-.*/' } }])
  })

  it('is named when it is a dead-letter topic that does not exist', async () => {
    await using apps = await memoryApps()
    await apps.io.createTopic('in', 1)
    await apps.io.createTopic('out', 1)
    const app = apps.app(copy('in', 'out'), { onBadRecord: { deadLetterTopic: 'dead' } })
    const error = await failureOf(app.start())
    expect(error.code).toBe('MILLRACE_TOPIC_MISSING')
    expect(error.message).toContain('"dead"')
  })

  it('is named with all others and the remedy when the partitions of a join differ', async () => {
    await using apps = await memoryApps()
    await apps.io.createTopic('orders', 4)
    await apps.io.createTopic('customers', 3)
    await apps.io.createTopic('out', 1)
    const builder = new StreamsBuilder()
    const customers = builder.table('customers', text)
    builder
      .stream('orders', text)
      .join(customers, (order, customer) => `${order} of ${customer}`, { name: 'enrich' })
      .to('out', text)
    const error = await failureOf(apps.app(builder.build()).start())
    expect(error).toMatchObject({ code: 'MILLRACE_TOPIC_NOT_COPARTITIONED', kind: 'topology' })
    expect(error.message).toContain('enrich')
    expect(error.message).toContain('"orders" has 4')
    expect(error.message).toContain('"customers" has 3')
    expect(error.hint).toContain('"customers" with 4 partitions')
  })

  it('is named when another topology of the same application id has made it with other partitions', async () => {
    await using apps = await memoryApps()
    await apps.io.createTopic('small', 2)
    await apps.io.createTopic('large', 3)
    await apps.io.createTopic('out', 1)
    const first = apps.app(count('small'))
    await first.start()
    await first.close()
    const error = await failureOf(apps.app(count('large')).start())
    expect(error).toMatchObject({ code: 'MILLRACE_TOPIC_PARTITIONS_CHANGED', kind: 'config' })
    expect(error.problem).toBe('The internal topic "app-counts-changelog" has 2 partitions, but this topology needs 3')
    expect(error.hint).toContain('Another topology uses this applicationId')
  })
})
