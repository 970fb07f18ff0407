import { expect, it } from 'vitest'
import { workerGroup } from '../processes/worker-group.ts'

it('SIGTERM ends the process after closeTimeoutMs when a user function never returns, and says that not all is done', async () => {
  await using group = await workerGroup()
  const worker = group.start('hanging', new URL('hang-process.ts', import.meta.url), {})
  await worker.told(({ type }) => type === 'hanging')
  expect(await worker.stop(10_000)).toEqual({ code: 1, signal: null, inTime: true })
  expect(worker.log()).toContain('close gave up waiting')
})
