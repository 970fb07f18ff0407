import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root } from './pages.ts'

/** Defaults that the code does not give to a name. */
const ELSEWHERE = [
  // The name of a serde is a part of a text.
  'binary-serdes CborOptions.name',
  'binary-serdes MsgpackOptions.name',
  'core JsonOptions.name',
  // A parameter of another name.
  'client-memory MemoryClusterOptions.firstProducerEpoch',
  'client-memory MemoryClusterOptions.markerDelayMs',
  'core StreamsTopology.epoch',
  'dev-kafka StartKafkaOptions.version',
  'runtime ExpiryIndex.limits',
  // The runtime and the query server decide: packages/runtime/src/query/query-request.ts, packages/query-server/src/request-parameters.ts.
  'core ListSettings.limit',
  'query-client EntrySettings.pageSize',
  'query-client ListSettings.limit',
]

interface Documented {
  readonly packageName: string
  readonly owner: string
  readonly name: string
  /** As in the docstring. */
  readonly value: string
}

const LITERAL = /^(?:'[^']*'|`[\w-]+`|true|false|Infinity|-?\d[\d_ ]*\d|\d)(?=$|[,.:]| (?:for|and|or)\b)/u

/** The literal defaults in the docstrings of a file. */
function documentedIn(packageName: string, source: string): readonly Documented[] {
  const found = source.matchAll(
    /@default (?<text>[^\n]*?)\s*(?:\*\/)?\n(?:\s*\*\/\n)?\s*(?:readonly )?(?<name>\w+)\??[:(]/gu,
  )
  return [...found].flatMap(({ groups, index }) => {
    const value = LITERAL.exec(groups!['text']!.replace(/\s*\*\/$/u, ''))?.[0]
    const owner = [...source.slice(0, index).matchAll(/(?:interface|type|class) (\w+)/gu)].at(-1)?.[1] ?? '?'
    return value === undefined ? [] : [{ packageName, owner, name: groups!['name']!, value }]
  })
}

/** Whether the code gives this value to this name, itself or by a constant. */
function isIn(code: string, { name, value }: Documented): boolean {
  if (value === 'false') return new RegExp(`\\b${name}(?:\\?:|\\b)`, 'u').test(code)
  const digits = value.replaceAll(/[ _]/gu, '')
  const literal = /^-?\d/u.test(value) ? digits.replaceAll(/\B(?=(?:\d{3})+$)/gu, '_?') : quoted(value)
  const given = new RegExp(`\\b${name}\\b[^\\n]{0,60}?(?:=|\\?\\?|:|,)\\s*${literal}(?![\\d_])`, 'u')
  if (given.test(code) || (value === 'true' && new RegExp(`\\b${name}\\s*(?:!==? ?false|=== false)`, 'u').test(code)))
    return true
  const constants = [...code.matchAll(new RegExp(`const ([A-Z][A-Z_]+) = ${literal}(?![\\d_])`, 'gu'))]
  return constants.some(match =>
    new RegExp(`\\b${name}\\b[^\\n]{0,60}?(?:=|\\?\\?|:|,)\\s*${match[1]!}\\b`, 'u').test(code),
  )
}

const quoted = (value: string) => value.replaceAll(/[`']/gu, "[`']")
const withoutComments = (source: string) => source.replaceAll(/\/\*\*.*?\*\//gsu, '').replaceAll(/^\s*\/\/.*$/gmu, '')

const packages = globSync('packages/*', { cwd: root }).map(path => {
  const files = globSync(`${path}/src/**/*.ts`, { cwd: root })
    .filter(file => !/\.(?:test|test-d|fixture)\.ts$|config\/options\.ts$/u.test(file))
    .map(file => readFileSync(join(root, file), 'utf8'))
  const name = path.replace('packages/', '')
  return { code: withoutComments(files.join('\n')), documented: files.flatMap(source => documentedIn(name, source)) }
})

it('each literal default in a docstring is in the code', () => {
  const wrong = packages.flatMap(({ code, documented }) =>
    documented
      .filter(each => !isIn(code, each))
      .map(({ packageName, owner, name, value }) => ({ key: `${packageName} ${owner}.${name}`, value })),
  )
  expect(packages.flatMap(({ documented }) => documented).length).toBeGreaterThan(100)
  expect(wrong.filter(({ key }) => !ELSEWHERE.includes(key))).toEqual([])
  expect(wrong.map(({ key }) => key).toSorted()).toEqual(ELSEWHERE.toSorted())
})

it.each([
  ['5 000', 'const { waitMs = 500 } = options', false],
  ['5 000', 'const { waitMs = 5_000 } = options', true],
  ['5000', 'const WAIT_MS = 5_000\nconst { waitMs = WAIT_MS } = options', true],
  [`'a'`, `waitMs: options.waitMs ?? 'ab'`, false],
  ['true', 'waitMs !== false', true],
])('a default of %s in %s: %s', (value, code, found) => {
  const [one] = documentedIn('a', `interface Options {\n  /** Long. @default ${value} */\n  readonly waitMs?: number\n`)
  expect(isIn(code, one!)).toBe(found)
})
