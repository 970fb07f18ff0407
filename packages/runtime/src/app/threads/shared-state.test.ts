import { ManualClock, StreamsBuilder, string } from '@millrace/core'
import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { expect, it } from 'vitest'
import { resolveOptions } from '../../config/options.ts'
import type { StateDirectory } from '../../state/directory/state-directory.ts'
import type { ToThread } from './messages.ts'
import { SharedState } from './shared-state.ts'
import type { Thread } from './thread.ts'

const NEVER_USED = () => {
  throw new Error('the state directory is not used')
}

/** The first thread has the directory of task 0_0, and the second waits for it. */
async function oneWaitsForTheOther() {
  const clock = new ManualClock(0)
  const told: (readonly [number, ToThread])[] = []
  const thread = (number: number) =>
    ({ number, handle: { post: (message: ToThread) => void told.push([number, message]) } }) as unknown as Thread
  const threads = new Map([1, 2].map(number => [number, thread(number)]))
  const client = memoryClient(new MemoryCluster({ clock }))
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).foreach(() => {})
  const plan = builder.build()
  const options = resolveOptions({ applicationId: 'app', client, clock })
  const directory: () => StateDirectory = NEVER_USED
  const state = new SharedState({ plan, options, directory, threads })
  const [one, two] = [threads.get(1)!, threads.get(2)!]
  state.claim(one, 1, '0_0')
  await clock.advance(1)
  state.claim(two, 1, '0_0')
  await clock.advance(50)
  return { clock, told, threads, state, one, two }
}

it('gives the directory of a task to a thread that waited for it', async () => {
  const { clock, told, state, one } = await oneWaitsForTheOther()
  state.release(one, '0_0', 7)
  await clock.advance(50)
  expect(told.filter(([, { type }]) => type === 'claimed')).toEqual([
    [1, { type: 'claimed', call: 1, error: undefined }],
    [2, { type: 'claimed', call: 1, error: undefined }],
  ])
  expect([...state.inUse()]).toEqual(['0_0'])
})

it('leaves the directory of a task free when the thread that waited for it has ended', async () => {
  const { clock, told, threads, state, one, two } = await oneWaitsForTheOther()
  threads.delete(2)
  state.releaseAll(two)
  state.release(one, '0_0', 7)
  await clock.advance(50)
  expect(told.filter(([number, { type }]) => number === 2 && type === 'claimed')).toEqual([])
  expect([...state.inUse()]).toEqual([])
})
