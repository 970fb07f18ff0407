import { expect, it } from 'vitest'
import type { Worker, WorkerExit } from '../processes/worker.ts'
import { workerSlots } from './slots.ts'

/** A process that ends when it is told to, with `code` after SIGTERM, or only by SIGKILL where that is undefined. */
function oneProcess(code: number | undefined, onStop = () => {}) {
  const { promise: exited, resolve } = Promise.withResolvers<WorkerExit>()
  const worker = {
    name: 'worker',
    messages: [{ type: 'state' }],
    exited,
    log: () => 'its log',
    signal: (signal: NodeJS.Signals) => resolve({ code: null, signal }),
    async stop() {
      onStop()
      if (code !== undefined) resolve({ code, signal: null })
      return { ...(await exited), inTime: true }
    },
  } as unknown as Worker
  const application = { start: () => worker }
  const slots = workerSlots(application, 1, { say: () => undefined })
  slots.start('worker-1', { fresh: true })
  return slots
}

it('a process that is killed while it stops has not failed to stop', async () => {
  const slots = oneProcess(undefined)
  const stopped = slots.stop('worker-1')
  await slots.kill('worker-1')
  await stopped
  expect(slots.failures).toEqual([])
})

it('a process is told to stop once', async () => {
  let stops = 0
  const slots = oneProcess(undefined, () => stops++)
  const both = [slots.stop('worker-1'), slots.stop('worker-1')]
  await slots.kill('worker-1')
  await Promise.all(both)
  expect(stops).toBe(1)
})

it('a process that does not stop with 0 has failed', async () => {
  const good = oneProcess(0)
  await good.stop('worker-1')
  expect(good.failures).toEqual([])
  const bad = oneProcess(1)
  await bad.stop('worker-1')
  expect(bad.failures).toEqual([expect.stringContaining('ended with 1 after SIGTERM')])
})
