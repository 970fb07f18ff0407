import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { CATALOGUE } from './catalogue.ts'
import { type JavaPeer, startJavaPeer } from './java-peer.ts'
import { missingJavaTools } from './missing-java-tools.ts'

const missing = await missingJavaTools()

/** What each kind is called in Java, and how its functions are called here. */
type Call = (...strings: readonly [string, string, string]) => unknown
const KINDS: Readonly<Record<string, Readonly<Record<string, Call>>>> = {
  ...CATALOGUE,
  initializer: mapped(
    CATALOGUE.aggregation,
    ({ initial }) =>
      () =>
        initial,
  ),
  aggregator: mapped(CATALOGUE.aggregation, ({ add }) => add as Call),
  merger: mapped(CATALOGUE.aggregation, ({ merge }) => merge as Call),
  extractor: mapped(
    CATALOGUE.extractor,
    extract => (value, timestamp, partitionTime) => extract(value, Number(timestamp), Number(partitionTime)),
  ),
} as never

function mapped<T>(functions: Readonly<Record<string, T>>, call: (from: T) => Call): Readonly<Record<string, Call>> {
  return Object.fromEntries(Object.entries(functions).map(([name, from]) => [name, call(from)]))
}

const kinds = Object.keys(KINDS).filter(kind => kind !== 'aggregation')
const functions = kinds.flatMap(kind => Object.keys(KINDS[kind] ?? {}).map(name => [kind, name] as const))

// Words of few letters, so that equal ones, even lengths and the letters that matter come often.
const word = fc.oneof(
  fc.constant('~'),
  fc.string({ unit: fc.constantFrom('a', 'x', 'm', 'Z', ' ', '0', 'é', 'ß'), maxLength: 12 }),
  fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 35, maxLength: 45 }),
)
const number = fc.bigInt(0n, 10n ** 12n).map(String)

describe('the catalogue of functions in both languages', { timeout: 240_000 }, () => {
  let java: JavaPeer | undefined
  beforeAll(async () => {
    if (missing === undefined) java = await startJavaPeer()
  }, 240_000)
  beforeEach(context => context.skip(java === undefined, missing))
  afterAll(() => java?.close())

  it.each(kinds)('has the same names of kind %s', async kind => {
    expect(await java?.call('names', kind, [])).toEqual(Object.keys(KINDS[kind] ?? {}).sort())
  })

  it.each(functions)('gives the same results: %s %s', async (kind, name) => {
    const call = KINDS[kind]?.[name] as Call
    const times = kind === 'extractor'
    const third = name === 'countText' || times ? number : word
    const second = (name === 'countText' && kind === 'merger') || times ? number : word
    await fc.assert(
      fc.asyncProperty(word, second, third, async (...strings) => {
        expect(call(...strings)).toEqual(await java?.call(kind, name, strings))
      }),
      { numRuns: 50 },
    )
  })
})
