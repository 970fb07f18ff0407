import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { FLOORS } from '../boundaries/tiers.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8')

/** What the first column of the table names that begins with `head`. */
function named(head: string): readonly string[] {
  const table = page.slice(page.indexOf(`| ${head} |`)).split('\n\n', 1)[0]!
  const rows = table.split('\n').slice(2)
  return rows.flatMap(row => [...row.split('|')[1]!.matchAll(/`([^`/]+)\/?`/gu)].map(match => match[1]!))
}

function folders(path: string): readonly string[] {
  const entries = readdirSync(join(root, path), { withFileTypes: true })
  return entries
    .filter(entry => entry.isDirectory())
    .map(({ name }) => name)
    .toSorted()
}

it.each([
  ['package', 'packages'],
  ['folder of `core/src`', 'packages/core/src'],
  ['folder of `runtime/src`', 'packages/runtime/src'],
])('docs/architecture.md names each %s', (head, path) => {
  expect(named(head).toSorted()).toEqual(folders(path))
})

it('docs/architecture.md lists the floors of the runtime from top to bottom', () => {
  expect(named('folder of `runtime/src`')).toEqual(FLOORS['runtime'])
})
