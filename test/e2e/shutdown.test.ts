import { sharedKafka } from '@millrace/dev-kafka'
import { describe, expect, it } from 'vitest'
import { eventually } from '../topic-io.ts'
import { isRunning, wordCountApplication } from './word-count/application.ts'
import { zipfText } from './word-count/text.ts'

const LIMIT_MS = 60_000
const STOP_MS = 20_000

describe.each(['at_least_once', 'exactly_once'] as const)('SIGTERM in the middle of the work, %s', guarantee => {
  it('commits, leaves and ends in bounded time, and nothing is processed twice afterwards', async () => {
    const { brokers } = await sharedKafka()
    const name = `shutdown-${guarantee.replaceAll('_', '-')}-${Date.now().toString(36)}`
    const text = zipfText(50_000, 11)
    await using application = await wordCountApplication({ brokers, guarantee, name })
    const first = application.start('first')
    await first.told(isRunning)
    const fed = application.feed(text.lines, { parts: 60, everyMs: 20 })
    const third = text.lines.length / 3
    await eventually('a third of the input', LIMIT_MS, application.committed, count => count > third)
    expect(await first.stop(STOP_MS)).toEqual({ code: 0, signal: null, inTime: true })
    expect(first.messages.filter(({ type }) => type === 'state').map(({ state }) => state)).toEqual([
      'REBALANCING',
      'RUNNING',
      'PENDING_SHUTDOWN',
      'NOT_RUNNING',
    ])

    // It has left, so that the next one does not have to wait for its session to end.
    const second = application.start('second', 'first')
    await fed
    await application.drained(LIMIT_MS)
    await second.stop(STOP_MS)
    expect(second.messages.filter(({ type }) => type === 'restored').map(({ restored }) => restored)).toEqual([
      0, 0, 0, 0,
    ])
    expect(await application.mistakes(text.counts, 'exactly_once'), `logs: ${application.group.log()}`).toEqual([])
  })
})
