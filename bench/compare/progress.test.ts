import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { systemClock } from '@millrace/core'
import { silentLogger } from '@millrace/runtime'
import { afterAll, describe, expect, it } from 'vitest'
import type { Running } from './contenders.ts'
import { type Steady, steadyRate } from './progress.ts'

const client = memoryClient(new MemoryCluster({ clock: systemClock }))({
  clientId: 'test',
  clock: systemClock,
  logger: silentLogger,
})
const admin = client.admin()
const input = { topic: 'in', partition: 0 }
let groups = 0

afterAll(() => client.close())

/** A contender that commits these offsets, one each 20 ms, and nothing after them. */
async function rateOf(offsets: readonly number[], records: number, enoughMs?: number): Promise<Steady> {
  if (groups === 0) await admin.createTopics([{ name: input.topic, partitions: 1 }])
  const group = `group-${++groups}`
  const running: Running = {
    startedAt: performance.now(),
    lines: [],
    usage: () => undefined,
    check() {},
    async end() {},
  }
  const rate = steadyRate(
    {
      admin,
      group,
      inputs: [input],
      records,
      commitIntervalMs: 1,
      between: async () => [],
      ...(enoughMs === undefined ? {} : { enoughMs }),
    },
    running,
  )
  const commits = (async () => {
    for (const offset of offsets) {
      await systemClock.sleep(20)
      await admin.alterOffsets(group, [{ ...input, offset }])
    }
  })()
  const [steady] = await Promise.all([rate, commits])
  return steady
}

const STEPS = Array.from({ length: 20 }, (_, index) => (index + 1) * 50)

describe('the steady rate', () => {
  it('ends with the input', async () => {
    const steady = await rateOf(STEPS, 1_000)
    expect(steady).toMatchObject({ unfinished: false })
    expect(steady.rate).toBeGreaterThan(0)
  })

  it('is that of the time that is enough, where the input takes longer', async () => {
    const steady = await rateOf(STEPS, 1_000_000, 1_000)
    expect(steady.unfinished).toBe(true)
    // Of 50 records each 20 ms or later, and not of the million.
    expect(steady.rate).toBeGreaterThan(0)
    expect(steady.rate).toBeLessThan(3_500)
  })

  it('does not exist where nothing is committed after the first commit', async () => {
    await expect(rateOf([50], 1_000_000, 300)).rejects.toThrow('hardly commits anything')
    await expect(rateOf([], 1_000_000, 100)).rejects.toThrow('hardly commits anything')
  })
})
