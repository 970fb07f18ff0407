import { describeTopology as describePlan } from '@millrace/core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { seededChoice } from './choice.ts'
import { compareDescribe } from './compare-describe.ts'
import { generateTopology } from './generate-topology.ts'
import { interpret } from './interpreter.ts'
import { type JavaPeer, startJavaPeer } from './java-peer.ts'
import { missingJavaTools } from './missing-java-tools.ts'
import { normalDescribe } from './normal-describe.ts'
import { TOPOLOGIES } from './topologies.ts'

const missing = await missingJavaTools()

describe('describe() against Kafka Streams', { timeout: 240_000 }, () => {
  let java: JavaPeer | undefined
  beforeAll(async () => {
    if (missing === undefined) java = await startJavaPeer()
  }, 240_000)
  beforeEach(context => context.skip(java === undefined, missing))
  afterAll(() => java?.close())

  it('of random topologies', async () => {
    const different: unknown[] = []
    for (let seed = 1; seed <= 300; seed++) {
      const compared = await compareDescribe(generateTopology(seededChoice(seed)), java as JavaPeer)
      if (compared.verdict === 'different') different.push({ seed, ...compared })
    }
    expect(different).toEqual([])
  })

  it.each(Object.entries(TOPOLOGIES))('of %s', async (_name, spec) => {
    const theirs = await java?.describe(spec)
    expect(normalDescribe(describePlan(interpret(spec)))).toBe(normalDescribe(theirs ?? ''))
  })
})
