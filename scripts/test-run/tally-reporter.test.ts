import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { TALLY_FILE, type Tally } from './tally.ts'

const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url))
const reporter = fileURLToPath(new URL('tally-reporter.ts', import.meta.url))
const NO_REASON = "Skipped without a reason. Call context.skip('why')."

it.each<[string, string, Tally]>([
  [
    'what passed and what failed',
    `it('a', () => {}); it('b', () => { throw new Error('one\\ntwo') })`,
    failure('sample.test.js: b', 'one\ntwo'),
  ],
  ['a skip by its note', `it('a', context => context.skip('no Kafka'))`, skip('a', 'no Kafka')],
  [
    'a skip by its name',
    `describe.skip('s (skipped: no java (17))', () => it('a', () => {}))`,
    skip('s > a', 'no java (17)'),
  ],
  [
    'a skip without a reason as a failure',
    `it('a', () => {}); it.skip('b', () => {})`,
    failure('sample.test.js: b', NO_REASON),
  ],
  ['a todo as a failure', `it('a', () => {}); it.todo('b')`, failure('sample.test.js: b', NO_REASON)],
  [
    'a file that breaks as a failure',
    `throw new Error('broken')`,
    { ...failure('sample.test.js', 'broken'), passed: 0 },
  ],
  [
    'an error outside any test',
    `it('a', () => {}); process.nextTick(() => { throw new Error('late') })`,
    failure('an error outside any test', 'late'),
  ],
])('counts %s', (_what, source, expected) => {
  expect(tallyOfFile(source)).toEqual(expected)
})

function skip(name: string, reason: string): Tally {
  return { passed: 0, failed: 0, skipped: [{ name: `sample.test.js: ${name}`, reason }], failures: [] }
}

function failure(name: string, error: string): Tally {
  return { passed: 1, failed: 1, skipped: [], failures: [{ name, error }] }
}

function tallyOfFile(source: string): Tally {
  const directory = mkdtempSync(join(tmpdir(), 'tally-'))
  writeFileSync(join(directory, 'sample.test.js'), source)
  const file = join(directory, 'tally.json')
  spawnSync(process.execPath, [vitest, 'run', '--globals', '--root', directory, `--reporter=${reporter}`], {
    env: { ...process.env, [TALLY_FILE]: file },
  })
  const tally = JSON.parse(readFileSync(file, 'utf8')) as Tally
  rmSync(directory, { recursive: true })
  return tally
}
