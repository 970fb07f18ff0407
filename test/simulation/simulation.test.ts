import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { seeds } from './seeds.ts'
import { MUTANTS } from './mutants.ts'
import { simulateScenario } from './simulation.ts'

it.each(seeds(60))('loses and doubles nothing, whatever fails (seed %i)', async seed => {
  const { violations, history } = await simulateScenario(seed)
  expect(violations, history.join('\n')).toEqual([])
})

it('repeats a run exactly from its seed, and meets trouble in it', async () => {
  let [kills, faults] = [0, 0]
  for (const seed of [7, 8, 9, 10]) {
    const [first, second] = [await simulateScenario(seed), await simulateScenario(seed)]
    expect(second.history).toEqual(first.history)
    kills += first.kills
    faults += first.faults
  }
  expect(kills).toBeGreaterThan(2)
  expect(faults).toBeGreaterThan(40)
})

it.each(MUTANTS)('has a mutant that still applies: $name', async ({ file, from }) => {
  const source = await readFile(new URL(`../../${file}`, import.meta.url), 'utf8')
  expect(source.split(from)).toHaveLength(2)
})
