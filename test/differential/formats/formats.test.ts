import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type JavaPeer, startJavaPeer } from '../java-peer.ts'
import { missingJavaTools } from '../missing-java-tools.ts'
import { compareFormats, FORMATS } from './compare-formats.ts'
import { format } from './format.ts'

const missing = await missingJavaTools()

describe('formats against Kafka', { timeout: 240_000 }, () => {
  let java: JavaPeer
  beforeAll(async () => {
    if (missing === undefined) java = await startJavaPeer()
  }, 240_000)
  beforeEach(context => context.skip(missing !== undefined, missing))
  afterAll(() => java?.close())

  it.each(Object.entries(FORMATS))('agree: %s', async (name, one) => {
    const { differences } = await compareFormats(1, 300, java, { [name]: one })
    expect(differences).toEqual([])
  })

  it('are told apart where they differ', async () => {
    const reversed = format<number>({
      draw: choice => choice.below(2 ** 16),
      encode: value => Buffer.from([0, 0, value >> 8, value & 255].reverse()),
      decode: bytes => bytes.readInt32LE(),
    })
    const { differences } = await compareFormats(7, 3, java, { int: reversed })
    expect(differences.map(line => /^int \(seed (\d)\) \d+, (\w+)/.exec(line)?.slice(1))).toEqual(
      [7, 8, 9].flatMap(seed => [
        [String(seed), 'written'],
        [String(seed), 'read'],
      ]),
    )
  })
})
