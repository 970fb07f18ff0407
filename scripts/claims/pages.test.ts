import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { STEPS } from '../test-run/steps.ts'
import { anchorsOf, type Page, readPages, root } from './pages.ts'

const pages = readPages()
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>
}
const sources = globSync('{packages,test,scripts,bench,examples}/**/*.{ts,json,mjs,css}', { cwd: root })
  .filter(path => !/node_modules|\/dist\/|^scripts\/claims\//u.test(path))
  .map(path => readFileSync(join(root, path), 'utf8'))
const words = new Set(sources.flatMap(text => text.match(/[A-Za-z_$][\w$]*/gu) ?? []))
const adrs = globSync('docs/adr/*.md', { cwd: root }).map(path => Number(/\/(\d+)-/u.exec(path)![1]))

const paths = globSync('{*,*/*,*/*/*,{packages,test}/*/{src,*}/**/*}.{ts,md,json,html}', { cwd: root })
  .filter(path => !/node_modules|\/dist\//u.test(path))
  .map(path => path.replaceAll('\\', '/'))

/** Files that a user has, or that a program writes. */
const OF_USERS =
  /^(?:app|plan|topology)\.(?:ts|js|json)$|^(?:process|threads|schemas)\.json$|^schemas\/|^(?:ORDER|customer)\.json$/u

/** Names of Java, Kafka's tools and Confluent, which are not in the sources. */
const FOREIGN = ['groupMembershipOperation', 'endTxnMarker', 'withWindowStartRange', 'deletedAsNegative', 'compileName']

/** What is wrong with the names in a page, each as `kind name`. */
function defectsOf({ path, text, prose }: Page): readonly string[] {
  const code = [...prose.matchAll(/`(?<code>[^`\n]+)`/gu)].map(({ groups }) => groups!['code']!)
  const found = (pattern: RegExp, from: string) => [...from.matchAll(pattern)].map(match => match[1]!)
  const isPattern = (name: string) => /NAME|NNNN|[*…]/u.test(name)
  return [
    ...found(/\]\((?!https?:)([^)\s]+)\)/gu, prose.replaceAll(/`[^`\n]+`/gu, '')).flatMap(link => {
      const [file = '', anchor] = link.split('#')
      const target = file === '' ? path : join(dirname(path), file)
      if (!existsSync(join(root, target))) return [`link ${link}`]
      if (anchor === undefined || !target.endsWith('.md')) return []
      return anchorsOf(readFileSync(join(root, target), 'utf8')).includes(anchor) ? [] : [`link ${link}`]
    }),
    ...found(/npm run ([\w:-]+)/gu, text).flatMap(name => (name in scripts ? [] : [`script ${name}`])),
    ...found(/npm test -- --only ([\w,-]+)/gu, text).flatMap(names =>
      names
        .split(',')
        .flatMap(name => (STEPS.some(step => step.name === name) || name === 'NAME' ? [] : [`step ${name}`])),
    ),
    ...found(/\bADR (\d+)\b/gu, text).flatMap(number => (adrs.includes(Number(number)) ? [] : [`ADR ${number}`])),
    ...found(/\b(MILLRACE_[A-Z_]+)\b/gu, text).flatMap(name => (words.has(name) ? [] : [`code ${name}`])),
    ...code
      .filter(name => /^(?:packages|test|scripts|docs|bench|examples)\/[\w./-]+$/u.test(name) && !isPattern(name))
      .flatMap(name => (existsSync(join(root, name)) ? [] : [`path ${name}`])),
    ...code
      .filter(name =>
        /^(?!packages\/|test\/|scripts\/|docs\/|bench\/|examples\/|x\.)\w[\w/.-]*\.(?:ts|md|json|html)$/u.test(name),
      )
      .flatMap(name =>
        paths.some(one => `/${one}`.endsWith(`/${name}`)) || OF_USERS.test(name) ? [] : [`file ${name}`],
      ),
    ...code
      .flatMap(text => text.match(/(?<![\w$-])[a-z]+[A-Z][\w$]*/gu) ?? [])
      .flatMap(name => (words.has(name) || FOREIGN.includes(name) ? [] : [`name ${name}`])),
  ]
}

it('links of the documentation lead somewhere, and what it names exists', () => {
  const isRecord = (path: string) => path.startsWith('docs/adr/')
  const defects = pages.flatMap(page =>
    defectsOf(page)
      // A decision names what there was when it was taken.
      .filter(defect => !isRecord(page.path) || /^(?:link|ADR)/u.test(defect))
      .map(defect => `${page.path}: ${defect}`),
  )
  expect(defects).toEqual([])
})

it('docs/testing.md lists the steps of npm test in their order', () => {
  const { text } = pages.find(({ path }) => path === 'docs/testing.md')!
  const table = text.slice(text.indexOf('| step | checks |')).split('\n\n', 1)[0]!
  const steps = [...table.matchAll(/^\| `([\w-]+)` \|/gmu)].map(match => match[1])
  expect(steps).toEqual(STEPS.map(({ name }) => name))
})

it('comments refer to decisions that exist', () => {
  const referred = sources.flatMap(text => [...text.matchAll(/\bADR (\d+)\b/gu)].map(match => Number(match[1])))
  expect(referred.length).toBeGreaterThan(5)
  expect([...new Set(referred)].filter(number => !adrs.includes(number))).toEqual([])
})

it('the numbers of decisions have no gap and no two are equal', () => {
  expect(adrs.toSorted((a, b) => a - b)).toEqual(adrs.map((_, index) => index + 1))
})

it.each<[string, string]>([
  ['[a](missing.md)', 'link missing.md'],
  ['[a](../README.md#missing)', 'link ../README.md#missing'],
  ['`npm run missing`', 'script missing'],
  ['`npm test -- --only unit,missing`', 'step missing'],
  ['ADR 4711', 'ADR 4711'],
  ['`MILLRACE_NO_SUCH_CODE`', 'code MILLRACE_NO_SUCH_CODE'],
  ['`test/missing.test.ts`', 'path test/missing.test.ts'],
  ['`loop/missing.ts`', 'file loop/missing.ts'],
  ['`noSuchOption: 1`', 'name noSuchOption'],
])('finds what is wrong with %s', (text, defect) => {
  expect(defectsOf({ path: 'docs/a.md', text, prose: text })).toEqual([defect])
})
