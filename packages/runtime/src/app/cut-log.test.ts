import { type Plan, StreamsBuilder, string } from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { testApplication } from './application.fixture.ts'
import type { KafkaStreamsOptions } from '../config/options.ts'
import type { Instance } from './instance.ts'

const IN = { topic: 'in', partition: 0 }

function copyOf(offsetReset: 'earliest' | 'none', seen: string[]): Plan {
  const builder = new StreamsBuilder()
  builder
    .stream('in', { key: string(), value: string(), offsetReset })
    .peek(value => void seen.push(value))
    .to('out', { key: string(), value: string() })
  return builder.build()
}

/** An application that has committed two batches, of which an unclean election cuts off the second; others are written there. */
async function cutAfterCommit(
  options: Partial<KafkaStreamsOptions>,
  offsetReset: 'earliest' | 'none',
  whileItRuns = false,
) {
  const app = testApplication({ in: 1, out: 1 })
  const warnings: string[] = []
  const logger = {
    debug() {},
    info() {},
    error() {},
    warn: (_: object, message?: string) => void warnings.push(message!),
  }
  const seen: string[] = []
  const start = (reset: typeof offsetReset) => app.start(copyOf(reset, seen), { ...options, logger })
  // Without a committed offset it could not begin.
  const first = await start('earliest')
  await app.run([first], 20)
  await app.send('in', [{ value: 'a' }])
  await app.send('in', [{ value: 'b' }, { value: 'c' }])
  await app.run([first], 20)
  expect(await app.committed('in')).toBe(3)
  if (!whileItRuns) await first.end({ clean: true, leave: true })
  app.cluster.electUncleanly(IN, 1)
  await app.send('in', [{ value: 'x' }, { value: 'y' }, { value: 'z' }])
  seen.length = 0
  const next = whileItRuns ? first : await start(offsetReset)
  const error = await runUntilDone(app, next)
  await app.client.close()
  return { seen, warnings, error }
}

/** Rounds with time that passes meanwhile, since recovery waits. Gives the error that ended them. */
async function runUntilDone(app: ReturnType<typeof testApplication>, instance: Instance): Promise<unknown> {
  let ended = false
  const rounds = async (): Promise<unknown> => {
    try {
      for (let round = 0; round < 40; round++) await instance.step(0)
      return undefined
    } catch (error) {
      return error
    } finally {
      ended = true
    }
  }
  const outcome = rounds()
  while (!ended) await app.clock.advance(50)
  return outcome
}

describe.each(['at_least_once', 'exactly_once', 'at_most_once'] as const)('%s', processingGuarantee => {
  it.each([
    ['after a restart', false],
    ['while it runs', true],
  ])('a log that was cut before the committed offset is read from its start again %s', async (_, whileItRuns) => {
    const { seen, warnings, error } = await cutAfterCommit({ processingGuarantee }, 'earliest', whileItRuns)
    expect(error).toBeUndefined()
    expect(seen).toEqual(['a', 'x', 'y', 'z'])
    expect(warnings).toContainEqual(expect.stringContaining('the log was cut before the committed offset'))
  })
})

it('a log that was cut before the committed offset is an error where no position may be chosen', async () => {
  const { seen, error } = await cutAfterCommit({}, 'none')
  expect(error).toMatchObject({ code: 'MILLRACE_OFFSET_RESET_NONE', message: expect.stringContaining('0 to 1') })
  expect(seen).toEqual([])
})
