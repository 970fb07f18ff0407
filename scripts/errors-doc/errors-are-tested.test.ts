import { ERROR_TABLE } from '@millrace/core'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const IS_TEST = /(\.test|\.test-d)\.ts$|^test\/|\/conformance\//

/** Codes that no test names, each with the reason. */
const UNNAMED: Readonly<Record<string, string>> = {
  MILLRACE_ASYNC_UNFINISHED: 'the runtime catches it where it closes tasks; what follows from it has tests',
}

const files = globSync(['packages/*/src/**/*.ts', 'test/**/*.ts'], { cwd: root })
  .filter(file => !file.includes('node_modules') && !file.endsWith('errors/table.ts'))
  .map(file => ({ file, text: readFileSync(join(root, file), 'utf8') }))

function namedIn(isTest: boolean): ReadonlySet<string> {
  return new Set(
    files
      .filter(({ file }) => IS_TEST.test(file) === isTest)
      .flatMap(({ text }) => text.match(/\bMILLRACE_[A-Z_]+\b/g) ?? []),
  )
}

it('each error of the table is made somewhere and expected by a test', () => {
  const made = namedIn(false)
  const expected = namedIn(true)
  const codes = Object.keys(ERROR_TABLE)
  expect(
    codes.filter(code => !made.has(code)),
    'are made nowhere',
  ).toEqual([])
  expect(
    codes.filter(code => !expected.has(code) && !(code in UNNAMED)),
    'are expected by no test',
  ).toEqual([])
  expect(
    Object.keys(UNNAMED).filter(code => !codes.includes(code) || expected.has(code)),
    'need no exception',
  ).toEqual([])
})
