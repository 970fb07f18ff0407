import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { type Page, readPages, root } from './pages.ts'
import { type Check, readClaims } from './read-claims.ts'

/** Pages of figures, generated pages, and pages about the development of Millrace. */
const WITHOUT =
  /^(?:docs\/(?:adr\/.*|benchmarks|query-benchmarks|claims|configuration|errors|kafka-streams-parity|kafka-streams-notes|metrics|testing)\.md|CONTRIBUTING\.md|bench\/.*|test\/.*|scripts\/.*|packages\/dev-kafka\/.*)$/u

const TIME = 'ms|s|seconds?|minutes?|hours?|days?'
const NUMBER = new RegExp(
  `(?<![\\w.,-])(?:\\d[\\d ]*(?:\\.\\d+)? (?:${TIME}|MB|MiB|KiB|kB|bytes|entries|records|changes|attempts|requests|traces|times)|` +
    `(?:two|three|four|five|six|eight|ten|twenty|half an?|an) (?:${TIME}|attempts|requests|times))\\b`,
  'gu',
)

const plain = (text: string) => text.replaceAll(/\s+/gu, ' ')

/** The numbers with a unit in the sentences of a page that no check of a claim quotes. */
function unguarded({ path, prose }: Page, checks: readonly Check[]): readonly string[] {
  const written = plain(prose.replaceAll(/<!-- (\w+)(?::[^>]*)? -->.*?<!-- \/\1 -->/gsu, ''))
  const quotes = checks.flatMap(({ target, text }) => (target === path && text !== undefined ? [plain(text)] : []))
  const rest = quotes.reduce((text, quote) => text.replaceAll(quote, '…'), written)
  return [...rest.matchAll(NUMBER)].map(match =>
    rest.slice(Math.max(0, match.index - 30), match.index + match[0].length),
  )
}

const checks = readClaims(readFileSync(join(root, 'docs/claims.md'), 'utf8')).flatMap(claim => claim.checks)

it('each number in the documentation is quoted by a claim, whose check names the code that has it', () => {
  const found = readPages()
    .filter(({ path }) => !WITHOUT.test(path))
    .flatMap(page => unguarded(page, checks).map(number => `${page.path}: ${number}`))
  expect(found).toEqual([])
})

it('finds a number that no claim quotes, across lines', () => {
  const prose = 'A start waits for\nfive seconds. It gives up after 30 s.'
  const check = { target: 'docs/a.md', text: 'waits for five seconds' }
  expect(unguarded({ path: 'docs/a.md', text: prose, prose }, [check])).toEqual(['A start …. It gives up after 30 s'])
})

it('README says of the benchmarks what their page shows', () => {
  const page = readFileSync(join(root, 'docs/benchmarks.md'), 'utf8')
  const ratios = new Map(
    [...page.matchAll(/^\| `([\w-]+)` \|.*?\*\*([\d.]+)\*\*/gmu)].map(match => [match[1]!, Number(match[2])]),
  )
  const slower = ['join-stream-stream', 'join-foreign-key', 'restore-1', 'restore-8']
  const faster = [
    'passthrough',
    'json',
    'count-100k',
    'window-tumbling',
    'window-hopping',
    'window-session',
    'window-sliding',
  ]
  const text = plain(readFileSync(join(root, 'README.md'), 'utf8'))
  expect(text).toContain(
    'faster in most stateless jobs, counts and windows, and slower in joins of two streams, joins by foreign key and restores',
  )
  expect(slower.filter(id => !(ratios.get(id)! < 1))).toEqual([])
  expect(faster.filter(id => !(ratios.get(id)! > 1))).toEqual([])
})
