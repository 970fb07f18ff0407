import { sharedKafka } from '@millrace/dev-kafka'
import { describe, expect, it, onTestFailed } from 'vitest'
import { releaseLimit } from '../release-limits.ts'
import { eventually } from '../topic-io.ts'
import { nameOfClientUnderTest } from './client-under-test.ts'
import { isRunning, wordCountApplication } from './word-count/application.ts'
import { zipfText } from './word-count/text.ts'

const LIMIT_MS = 120_000
/** Longer than any of these tests lasts, so that nothing here waits for it. */
const NEVER_MS = 600_000
const client = nameOfClientUnderTest()
const unlessWire = client === 'wire' ? undefined : 'kafkajs has no streams groups'

/** One process is killed in the middle of a transaction, which nobody has committed or aborted. */
async function killedInTransaction(prefix: string, protocol: 'classic' | 'streams') {
  const { brokers } = await sharedKafka()
  const name = `${prefix}-${Date.now().toString(36)}`
  const application = await wordCountApplication({ brokers, guarantee: 'exactly_once', name, groupProtocol: protocol })
  onTestFailed(() => console.log(application.group.log()))
  const repartition = `${name}-counts-repartition`
  const options = { transactionTimeoutMs: NEVER_MS, commitIntervalMs: NEVER_MS }
  const killed = application.start('killed', 'state', protocol, options)
  await killed.told(isRunning)
  await application.feed(zipfText(300, 1).lines)
  // In a streams group the broker makes it, after the member runs.
  await eventually(
    'the repartition topic',
    LIMIT_MS,
    () => application.io.topics(),
    names => names.includes(repartition),
  )
  const written = async () => (await application.io.ends(repartition)).reduce((sum, end) => sum + end, 0)
  await eventually('words that are not committed', LIMIT_MS, written, count => count === 300)
  expect(await application.committed()).toBe(0)
  killed.signal('SIGKILL')
  await killed.exited
  const start = (state: string) => application.start('next', state, protocol, { transactionTimeoutMs: NEVER_MS })
  const mistakes = async () => {
    await application.drained(LIMIT_MS)
    return application.mistakes(await application.countsOfInput())
  }
  return { application, start, mistakes }
}

describe.each(['classic', 'streams'] as const)('a process that was killed in a transaction, %s', protocol => {
  it('ends it when it comes back with its state directory, before its time is up', async context => {
    const limit = protocol === 'streams' ? (unlessWire ?? releaseLimit('streams groups')) : undefined
    if (limit !== undefined) context.skip(limit)
    const { application, start, mistakes } = await killedInTransaction('back', protocol)
    await using _ = application
    start('state')
    expect(await mistakes()).toEqual([])
  })

  it('has it ended by the one that gets its tasks, before its time is up', async context => {
    const limit = protocol === 'streams' ? (unlessWire ?? releaseLimit('streams groups')) : undefined
    if (limit !== undefined) context.skip(limit)
    const { application, start, mistakes } = await killedInTransaction('moved', protocol)
    await using _ = application
    start('another')
    expect(await mistakes()).toEqual([])
  })
})
