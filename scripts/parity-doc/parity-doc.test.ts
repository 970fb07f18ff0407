import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { readApiOf } from '../reference-doc/reference-pages.ts'
import { PARITY } from './parity-table.ts'
import { renderParityDoc } from './render-parity-doc.ts'

const rows = PARITY.flatMap(({ rows: own }) => own)
const textOf = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

it('docs/kafka-streams-parity.md shows the table as it is', () => {
  const page = textOf('docs/kafka-streams-parity.md')
  expect(page, 'Run `npm run docs:parity` and commit the page.').toBe(renderParityDoc(PARITY))
})

it('every test that is named is there', () => {
  const missing = rows
    .flatMap(({ tests }) => tests)
    .filter(path => !existsSync(new URL(`../../${path}`, import.meta.url)))
  expect(missing).toEqual([])
})

it('every row is proved, or says why not', () => {
  const bare = rows.filter(row => row.tests.length === 0 && (row.ours.length > 0 || !(row.left ?? row.missing)))
  expect(bare.map(({ java }) => java)).toEqual([])
})

it('every name is in the sources', () => {
  const api = readApiOf('packages/*/src/{,*/}*.ts')
  const membersOf = (name: string): readonly string[] => {
    const { members: own = [], bases = [] } = api.get(name) ?? {}
    return [...own.map(each => each.name), ...bases.flatMap(base => membersOf(base))]
  }
  const members = [...api.keys()].flatMap(name => membersOf(name).map(member => `${name}.${member}`))
  const known = new Set([...api.keys(), ...members])
  const exported = ['millrace', 'testing'].map(name => textOf(`packages/${name}/src/index.ts`)).join('\n')
  const isKnown = (name: string) =>
    known.has(name) || (!name.includes('.') && new RegExp(`\\b${name}\\b`).test(exported))
  expect(rows.flatMap(({ ours }) => ours).filter(name => !isKnown(name))).toEqual([])
})
