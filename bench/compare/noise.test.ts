import { expect, it } from 'vitest'
import { NoiseMeter } from './noise.ts'
import type { MachineTime } from './processes.ts'

/** A machine on which time passes by sleeping alone. `busy` gives the shares of a processor that the own processes and others use. */
function machine(busy: (now: number) => { readonly own: number; readonly others: number }) {
  let now = 0
  const time = { busyMicros: 0, stealMicros: 0, ownMicros: 0 }
  return {
    now: () => now,
    loop: () => 1,
    machineTime: (): MachineTime => ({ ...time }),
    sleep: async (ms: number) => {
      const { own, others } = busy(now)
      time.ownMicros += own * ms * 1000
      time.busyMicros += (own + others) * ms * 1000
      now += ms
    },
  }
}

it('waits before and after a run until the own processes are quiet', async () => {
  const running = { from: 0, to: 0 }
  const at = machine(now => ({
    own: now < 2000 || (running.to > 0 && now < running.to + 3000) ? 1 : 0,
    others: 0,
  }))
  const { result, noise } = await new NoiseMeter(at).around(async () => {
    running.from = at.now()
    await at.sleep(1000)
    running.to = at.now()
    return 'done'
  })
  expect([result, noise.foreign, noise.steal]).toEqual(['done', 0, 0])
  expect(running.from).toBe(2000 + 500)
  expect(at.now()).toBe(running.to + 3000 + 500)
})

it('does not wait for ever, nor for other programs, of which it tells', async () => {
  const at = machine(() => ({ own: 1, others: 1 }))
  const { noise } = await new NoiseMeter(at).around(async () => await at.sleep(1000))
  expect(at.now()).toBe(15_000 + 1000 + 15_000)
  expect(noise.noisy).toBe(true)
})

it('measures where the system tells no times', async () => {
  const { result } = await new NoiseMeter({
    machineTime: () => undefined,
    sleep: async () => undefined,
    loop: () => 1,
  }).around(async () => 1)
  expect(result).toBe(1)
})

it('tells of a loop that takes longer than before', async () => {
  const at = machine(() => ({ own: 0, others: 0 }))
  let ms = 10
  const meter = new NoiseMeter({ ...at, loop: () => ms })
  const { noise: before } = await meter.around(async () => undefined)
  const { noise } = await meter.around(async () => (ms = 12))
  expect([before.slowdown, before.noisy, noise.slowdown, noise.noisy]).toEqual([1, false, 1.2, true])
})
