import { OPTION_TABLE } from '@millrace/runtime'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readOptions } from './read-options.ts'
import {
  type DocumentedOption,
  isRequired,
  optionText,
  renderConfigurationDoc,
  shownDefaults,
} from './render-configuration-doc.ts'

const members = readOptions()
const table: Readonly<Record<string, DocumentedOption>> = OPTION_TABLE

it('docs/configuration.md shows the options as they are', () => {
  const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
  expect(page, 'Run `npm run docs:configuration` and commit the page.').toBe(renderConfigurationDoc(members, table))
})

describe('the doc comments of KafkaStreamsOptions', () => {
  it('describe every option of the table', () => {
    expect(members.map(({ name }) => name).toSorted()).toEqual(Object.keys(table).toSorted())
  })

  it.each(members)('have the default of the table: $name', member => {
    const { preset } = optionText(member)
    expect(preset === undefined).toBe(isRequired(table[member.name]!))
    const literal = /^(?:\d+(?: \d{3})*(?: MiB)?|'[^']*')/.exec(preset ?? '')?.[0]
    const defaults = shownDefaults(table[member.name]!)
    for (const shown of defaults) expect(preset).toContain(shown)
    if (literal !== undefined) expect(literal).toBe(defaults[0])
  })
})

const row: DocumentedOption = { default: 1000, check: () => true, expected: 'it must be a number' }

it.each<[string, Partial<DocumentedOption>, readonly string[]]>([
  ['a number', {}, ['1 000']],
  ['a size', { default: 8 << 20 }, ['8 MiB']],
  ['a string', { default: 'fail' }, ["'fail'"]],
  ['nothing', { default: undefined }, []],
  ['nothing that the check accepts', { default: '', check: value => value !== '' }, []],
  [
    'a default that depends on the guarantee',
    { default: (given: { processingGuarantee: string }) => (given.processingGuarantee === 'exactly_once' ? 1 : 2) },
    ['2', '1'],
  ],
])('shows as default: %s', (_what, change, expected) => {
  expect(shownDefaults({ ...row, ...change })).toEqual(expected)
})

it('shows description, default and accepted values of an option', () => {
  const given = { name: 'a', text: '', doc: 'Does it. @default 1 000' }
  expect(renderConfigurationDoc([given], { a: row })).toContain('| `a` | 1 000 | Does it. | a number |')
  expect(renderConfigurationDoc([{ ...given, doc: 'Does it.' }], { a: row })).toContain('| `a` | required | Does it.')
})

it('refuses an option without a description', () => {
  expect(() => optionText({ name: 'a', text: '', doc: '@default 1' })).toThrow('The option a has no description.')
})
