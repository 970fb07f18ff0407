import { globSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const core = fileURLToPath(new URL('..', import.meta.url))

/** Imports of values that begin with `../FOLDER/`; types are erased, and may point anywhere. */
function valueImports(folder: string, of: string): readonly string[] {
  return globSync(`${folder}/*.ts`, { cwd: core, exclude: ['**/*.test.ts', '**/*.test-d.ts'] }).filter(file =>
    new RegExp(`from '\\.\\./${of}/`).test(stripTypeScriptTypes(readFileSync(`${core}/${file}`, 'utf8'))),
  )
}

it('assembly does not know the classes of the DSL, which call it', () => {
  expect(valueImports('assemble', 'dsl')).toEqual([])
  expect(valueImports('dsl', 'assemble').length).toBeGreaterThan(5)
})

it('serdes do not know the formats of the engine', () => {
  expect(valueImports('serde', 'formats')).toEqual([])
  expect(valueImports('formats', 'serde').length).toBeGreaterThan(2)
})
