import { describe as describePlan } from '@millrace/core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
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

  it.each(Object.entries(TOPOLOGIES))('of %s', async (_name, spec) => {
    const theirs = await java?.describe(spec)
    expect(normalDescribe(describePlan(interpret(spec)))).toBe(normalDescribe(theirs ?? ''))
  })
})
