import { type ClientFactory, type Logger, string, StreamsBuilder } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from './application.fixture.ts'

const texts = { key: string(), value: string() }
const REPARTITION = 'app-again-repartition'
const at = [{ topic: REPARTITION, partition: 0 }]

function plan() {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .repartition({ name: 'again', ...texts })
    .to('out', texts)
  return builder.build()
}

it.each(['at_most_once', 'at_least_once', 'exactly_once'] as const)(
  'the repartition topic begins where the application has committed, under %s',
  async processingGuarantee => {
    const app = testApplication({ in: 1, out: 1 })
    const options = { processingGuarantee, commitIntervalMs: 50, repartitionPurgeIntervalMs: 500 }
    const instance = await app.start(plan(), options)
    await app.send(
      'in',
      Array.from({ length: 20 }, (_, index) => ({ value: `v${index}` })),
    )
    const admin = app.client.admin()
    await app.run([instance], 4, 50)
    expect(await admin.earliestOffsets(at)).toEqual([{ ...at[0], offset: 0 }])
    await app.run([instance], 20, 50)
    const committed = await app.committed(REPARTITION)
    expect(committed).toBeGreaterThanOrEqual(20)
    expect(await admin.earliestOffsets(at)).toEqual([{ ...at[0], offset: committed }])
    await instance.end({ clean: true, leave: true })

    // Who comes next begins at the committed offset, and finds it.
    const next = await app.start(plan(), options)
    await app.send('in', [{ value: 'last' }])
    await app.run([next], 20, 50)
    expect(await app.committed(REPARTITION)).toBeGreaterThan(committed!)
    await next.end({ clean: true, leave: true })
    expect(app.cluster.log({ topic: 'in', partition: 0 }).startOffset, 'input topics are left alone').toBe(0)
  },
)

it('says once that a client cannot delete records', async () => {
  const app = testApplication({ in: 1, out: 1 })
  const warnings: string[] = []
  const nothing = () => {}
  const logger: Logger = { debug: nothing, info: nothing, warn: (_, text) => void warnings.push(text), error: nothing }
  const client: ClientFactory = context => {
    const able = app.factory(context)
    const deletesNothing = { ...able.capabilities, deleteRecords: false }
    return new Proxy(able, {
      get: (target, name) => {
        if (name === 'capabilities') return deletesNothing
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
  const instance = await app.start(plan(), { client, logger, commitIntervalMs: 50, repartitionPurgeIntervalMs: 100 })
  await app.send('in', [{ value: 'a' }])
  await app.run([instance], 20, 50)
  expect(await app.committed(REPARTITION)).toBe(1)
  expect(await app.client.admin().earliestOffsets(at)).toEqual([{ ...at[0], offset: 0 }])
  expect(warnings).toEqual([expect.stringContaining('cannot delete records')])
  await instance.end({ clean: true, leave: true })
})
