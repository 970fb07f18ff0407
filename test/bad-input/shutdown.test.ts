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
  expect(worker.log()).toContain('close() timed out')
})

it('a second signal ends the process at once with 130, whatever it is waiting for', async () => {
  await using group = await workerGroup()
  const worker = group.start('hanging', new URL('hang-process.ts', import.meta.url), { closeTimeoutMs: 600_000 })
  await worker.told(({ type }) => type === 'hanging')
  worker.signal('SIGINT')
  await worker.told(({ type }) => type === 'closing')
  expect(await worker.stop(10_000)).toEqual({ code: 130, signal: null, inTime: true })
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

it.each(['at_least_once', 'exactly_once'])(
  'SIGTERM ends the process with 0 while a user function takes its time, %s',
  async guarantee => {
    await using group = await workerGroup()
    const worker = group.start('slow', new URL('slow-process.ts', import.meta.url), { guarantee })
    await worker.told(({ type }) => type === 'working')
    const exit = await worker.stop(10_000)
    expect(exit, `log: ${worker.log()}`).toEqual({ code: 0, signal: null, inTime: true })
  },
)
