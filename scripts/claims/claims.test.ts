import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { STEPS } from '../test-run/steps.ts'
import { type Check, checksIn, readClaims } from './read-claims.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>
}
const steps = STEPS.map(({ name }) => name)
const claims = readClaims(readFileSync(join(root, 'docs/claims.md'), 'utf8'))

/** Lines are broken anywhere in a page. */
const plain = (text: string) => text.replaceAll(/\s+/gu, ' ')

/** What is wrong with a check; undefined if nothing is. */
function defect({ target, text }: Check): string | undefined {
  const script = /^npm run (\S+)/u.exec(target)?.[1]
  if (script !== undefined) return script in scripts ? undefined : `there is no script ${script}`
  const step = /^npm test -- --only (\S+)/u.exec(target)?.[1]
  if (step !== undefined) return steps.includes(step) ? undefined : `npm test has no step ${step}`
  if (!existsSync(join(root, target))) return `there is no file ${target}`
  if (text === undefined || plain(readFileSync(join(root, target), 'utf8')).includes(plain(text))) return undefined
  return `${target} does not contain "${text}"`
}

it('each claim is checked by something', () => {
  expect(claims.filter(({ checks }) => checks.length === 0).map(({ claim }) => claim)).toEqual([])
})

it('each file, test, script and step that checks a claim exists', () => {
  expect(claims.flatMap(({ checks }) => checks.map(defect).filter(found => found !== undefined))).toEqual([])
})

it('each test that the README of client-wire names exists', () => {
  const page = readFileSync(join(root, 'packages/client-wire/README.md'), 'utf8')
  const checks = page.split('\n').flatMap(line => {
    const cells = line.split('|')
    return cells.length === 5 ? checksIn(cells[2]!) : []
  })
  const inSource = (target: string) =>
    /^(?:npm|packages|test)\b/u.test(target) ? target : `packages/client-wire/src/${target}`
  expect(checks.length).toBeGreaterThan(20)
  expect(checks.map(check => defect({ ...check, target: inSource(check.target) })).filter(found => found)).toEqual([])
})

it('each test that the comparison of queries names exists', () => {
  const page = readFileSync(join(root, 'docs/queries-beside-kafka-streams.md'), 'utf8')
  const [iqv2, positions] = page.split('## PositionRestartIntegrationTest') as [string, string]
  const lastCells = (part: string) =>
    part.split('\n').map(line => (line.startsWith('| ') ? line.split(' | ').at(-1)! : ''))
  const named = (part: string, target: string) =>
    lastCells(part).flatMap(cell => checksIn(cell.startsWith('"') ? `\`${target}\`: ${cell}` : cell))
  const checks = [
    ...named(iqv2, 'packages/testing/src/driver/driver-queries.test.ts'),
    ...named(positions, 'packages/runtime/src/query/position-restart.test.ts'),
  ]
  expect(checks.length).toBeGreaterThan(15)
  expect(checks.map(defect).filter(found => found !== undefined)).toEqual([])
})

it.each<[string, string]>([
  ['`test/missing.test.ts`', 'there is no file test/missing.test.ts'],
  ['`scripts/claims/read-claims.ts`: "no such test"', 'scripts/claims/read-claims.ts does not contain "no such test"'],
  [
    '`scripts/claims/read-claims.ts`: "export"; "no second test"',
    'scripts/claims/read-claims.ts does not contain "no second test"',
  ],
  ['`npm run missing`', 'there is no script missing'],
  ['`npm test -- --only missing`', 'npm test has no step missing'],
])('says what is wrong with %s', (checkedBy, wrong) => {
  const [claim] = readClaims(`| one | a page | ${checkedBy} |`)
  expect(claim?.checks.map(defect).filter(found => found !== undefined)).toEqual([wrong])
})

it('refuses a row without three columns', () => {
  expect(() => readClaims('| one | a page |')).toThrow('not a row of claims')
})
