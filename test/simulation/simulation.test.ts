import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { MUTANTS } from './mutants.ts'
import { simulateScenario } from './simulation.ts'

it.each(Array.from({ length: 60 }, (_, seed) => seed))(
  'loses and doubles nothing, whatever fails (seed %i)',
  async seed => {
    const { violations, history } = await simulateScenario(seed)
    expect(violations, history.join('\n')).toEqual([])
  },
)

it('repeats a run exactly from its seed', async () => {
  const [first, second] = [await simulateScenario(8), await simulateScenario(8)]
  expect(second.history).toEqual(first.history)
  expect(first.kills).toBeGreaterThan(0)
  expect(first.faults).toBeGreaterThan(10)
})

it.each(MUTANTS)('has a mutant that still applies: $name', async ({ file, from }) => {
  const source = await readFile(new URL(`../../${file}`, import.meta.url), 'utf8')
  expect(source.split(from)).toHaveLength(2)
})
