import { systemClock } from '@millrace/core'
import { withFaults } from '@millrace/testing'
import { expect, it } from 'vitest'
import { workerGroup } from '../processes/worker-group.ts'
import { countByKey } from './count-by-key.ts'
import { memoryApps } from './memory-app.ts'

it('SIGTERM ends the process after closeTimeoutMs when a user function never returns, and says that not all is done', async () => {
  await using group = await workerGroup()
  const worker = group.start('hanging', new URL('hang-process.ts', import.meta.url), {})
  await worker.told(({ type }) => type === 'hanging')
  expect(await worker.stop(10_000)).toEqual({ code: 1, signal: null, inTime: true })
  expect(worker.log()).toContain('close gave up waiting')
})

it('a close while the application still waits for its broker waits until it has ended', async () => {
  await using apps = await memoryApps()
  await apps.io.createTopic('in', 1)
  await apps.io.createTopic('out', 1)
  const client = withFaults(apps.client, { seed: 1, clock: systemClock, probabilities: { disconnect: 1 } })
  const app = apps.app(countByKey(), { client })
  const waiting = new Promise(resolve => void app.on('waiting', resolve))
  const started = app.start()
  await waiting
  await app.close()
  expect(app.state).toBe('NOT_RUNNING')
  await started
})
