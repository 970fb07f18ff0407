import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { compareCase } from './compare-case.ts'
import { generateCase } from './generate-case.ts'
import { type JavaPeer, startJavaPeer } from './java-peer.ts'
import { missingJavaTools } from './missing-java-tools.ts'
import { record, REGRESSIONS } from './regressions.ts'
import { REGRESSIONS_OF_BATCHES } from './regressions-of-batches.ts'
import type { TopologySpec } from './spec.ts'

const missing = await missingJavaTools()

describe('records and stores against Kafka Streams', { timeout: 240_000 }, () => {
  let java: JavaPeer
  beforeAll(async () => {
    if (missing === undefined) java = await startJavaPeer()
  }, 240_000)
  beforeEach(context => context.skip(missing !== undefined, missing))
  afterAll(() => java?.close())

  it.each([...REGRESSIONS, ...REGRESSIONS_OF_BATCHES])('agree: $what', async ({ what: _what, ...regression }) => {
    for (const caching of [false, true]) {
      expect(await compareCase({ optimization: [], ...regression, caching }, java)).toEqual({
        verdict: 'same',
        differences: [],
      })
    }
  })

  it.each(['asked', 'each'] as const)('both fail where the commit at the end fails, commits: %s', async commits => {
    const topology: TopologySpec = [
      { op: 'table', id: 'in', topic: 'in', store: { name: 'rows' } },
      { op: 'suppress', id: 'held', from: 'in', waitMs: 1000, maxRecords: 1, whenFull: 'shut-down' },
    ]
    const inputs = [record('a', 'v', 0), { commit: true as const }, record('b', 'v', 0)].filter(
      input => commits === 'asked' || !('commit' in input),
    )
    const both = { topology, inputs, optimization: [], caching: true, commits }
    expect(await compareCase(both, java)).toEqual({ verdict: 'both fail', differences: [] })
  })

  it('agree in random cases', async () => {
    const different: unknown[] = []
    for (let seed = 1; seed <= 60; seed++) {
      const { verdict, differences } = await compareCase(generateCase(seed), java)
      if (verdict === 'different') different.push({ seed, differences })
    }
    expect(different).toEqual([])
  })
})
