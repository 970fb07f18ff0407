import { OPTION_TABLE } from '@millrace/runtime'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { renderConfigurationDoc, type DocumentedOption } from './render-configuration-doc.ts'

it('docs/configuration.md shows the table of options as it is', () => {
  const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
  expect(page, 'Run `npm run docs:configuration` and commit the page.').toBe(renderConfigurationDoc(OPTION_TABLE))
})

const row: DocumentedOption = { default: 1000, check: () => true, expected: 'it has to be a number', doc: 'Does it.' }

it.each<[string, Partial<DocumentedOption>, string]>([
  ['a plain default', {}, '| `a` | `1 000` | Does it. | a number |'],
  ['a size', { default: 8 << 20 }, '| `a` | `8 MiB` | Does it. | a number |'],
  ['no default', { default: undefined }, '| `a` |  | Does it. | a number |'],
  [
    'an option that must be given',
    { default: '', check: value => value !== '' },
    '| `a` | required | Does it. | a number |',
  ],
  [
    'a default that depends on the guarantee',
    { default: (given: { processingGuarantee: string }) => (given.processingGuarantee === 'exactly_once' ? 1 : 2) },
    '| `a` | `2`, for `exactly_once` `1` | Does it. | a number |',
  ],
])('shows %s', (_what, change, expected) => {
  expect(renderConfigurationDoc({ a: { ...row, ...change } })).toContain(expected)
})
