import { ManualClock } from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { QueryTurns } from './query-turns.ts'

/** @param tookMs what the event loop takes in each of its turns for the queries that come in it; no query comes in those that follow */
function testTurns(...tookMs: readonly number[]) {
  const clock = new ManualClock(1_000)
  const counted = { loop: 0 }
  const turns: QueryTurns = new QueryTurns(clock, async () => {
    const took = tookMs[counted.loop++]
    if (took === undefined) return clock.jump(0.1)
    turns.asked()
    clock.jump(took)
  })
  return { clock, counted, turns }
}

describe('turns of the event loop', () => {
  it('are not given where nobody asks, nor where rounds are made one by one', async () => {
    const { turns, counted } = testTurns()
    await turns.give()
    expect([turns.turnMs, turns.pause(), counted.loop]).toEqual([undefined, undefined, 0])

    const byHand = new QueryTurns(new ManualClock(1_000), undefined)
    byHand.asked()
    await byHand.give()
    expect([byHand.turnMs, byHand.pause()]).toEqual([undefined, undefined])
  })

  it('end a second after the last query', async () => {
    const { turns, clock, counted } = testTurns(50)
    turns.asked()
    await turns.give()
    clock.jump(949)
    expect(turns.turnMs).toBe(25)
    clock.jump(1)
    await turns.give()
    expect([turns.turnMs, turns.pause(), counted.loop]).toEqual([undefined, undefined, 1])
    turns.asked()
    expect(turns.turnMs).toBe(3)
  })

  it.each([
    [undefined, 3],
    [0, 1],
    [0.4, 1],
    [7, 3.5],
    [99, 49.5],
    [300, 100],
  ])('that took %s ms for queries make the next turn of a task %s ms long', async (loopMs, taskMs) => {
    const { turns, clock } = testTurns(...(loopMs === undefined ? [] : [loopMs]))
    turns.asked()
    clock.jump(1)
    await turns.give()
    expect(turns.turnMs).toBe(taskMs)
  })

  it('are given in the middle of long work when that has lasted for a turn', async () => {
    const { turns, clock, counted } = testTurns(0, 10, 0)
    turns.asked()
    await turns.pause()
    expect(counted.loop).toBe(1)
    clock.jump(0.9)
    expect(turns.pause()).toBe(undefined)
    clock.jump(0.2)
    await turns.pause()
    expect(counted.loop).toBe(2)
    clock.jump(4.9)
    expect(turns.pause()).toBe(undefined)
    clock.jump(0.2)
    await turns.pause()
    expect(counted.loop).toBe(3)
  })

  it('go on while reads of a backend are under way, but not for ever', async () => {
    const { turns, counted } = testTurns()
    turns.asked()
    const slow = Promise.withResolvers<string>()
    const read = turns.reading(() => slow.promise)
    await turns.give()
    expect(counted.loop).toBe(17)

    const given = turns.give()
    slow.resolve('value')
    expect(await read).toBe('value')
    await given
    expect(counted.loop).toBeLessThan(17 + 17)

    const failed = turns.reading(async () => {
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
    const before = counted.loop
    await turns.give()
    expect(counted.loop).toBe(before + 1)
  })
})
