import { sharedKafka } from '@millrace/dev-kafka'
import { expect, it } from 'vitest'
import { releaseLimit } from '../../release-limits.ts'
import { isRunning, wordCountApplication } from './application.ts'
import { zipfText } from './text.ts'

const LIMIT_MS = 60_000

it('moves from the classic protocol to the streams protocol and back, with its state and offsets', async context => {
  const limit = releaseLimit('converting groups')
  if (limit !== undefined) context.skip(limit)
  const { brokers } = await sharedKafka()
  const seed = Math.floor(Math.random() * 1e6)
  const text = zipfText(6_000, seed)
  const name = `migration-${seed}-${Date.now().toString(36)}`
  await using application = await wordCountApplication({ brokers, guarantee: 'exactly_once', name })
  const third = Math.ceil(text.lines.length / 3)
  for (const [index, protocol] of (['classic', 'streams', 'classic'] as const).entries()) {
    // The same state directories each time: their state goes on.
    const workers = ['a', 'b'].map(state => application.start(`${state} ${protocol} ${index}`, state, protocol))
    await Promise.all(workers.map(worker => worker.told(isRunning)))
    await application.feed(text.lines.slice(index * third, (index + 1) * third))
    await application.drained(LIMIT_MS)
    for (const worker of workers) {
      const { code, inTime } = await worker.stop(LIMIT_MS)
      expect({ code, inTime }, worker.log()).toEqual({ code: 0, inTime: true })
    }
  }
  expect(await application.mistakes(text.counts), application.group.log()).toEqual([])
})
