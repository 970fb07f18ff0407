import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { extractSnippets } from './extract-snippets.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** Declarations of third-party packages that have none. */
const ambient = globSync('packages/*/src/**/*.d.ts', { cwd: root }).map(file => join(root, file))
const pages = globSync(['*.md', 'docs/**/*.md', 'packages/*/README.md'], { cwd: root }).toSorted()

it('finds the programs of a page and where they are', () => {
  const page = ['# A', '```ts', 'const part = 1', '```', '```sh', 'import x', '```', '```ts', `import 'a'`, '```'].join(
    '\n',
  )
  expect(extractSnippets(page)).toEqual([{ line: 9, code: `import 'a'\n` }])
})

it('every program in the documentation compiles', { timeout: 60_000 }, () => {
  expect(compile(pages.map(page => [page, readFileSync(join(root, page), 'utf8')]))).toBe('')
})

it('says in which page and line one does not', { timeout: 60_000 }, () => {
  const page = ['', '', '```ts', `import { join } from 'node:path'`, `const n: number = join('a')`, '```'].join('\n')
  expect(compile([['docs/a.md', page]])).toContain(`docs/a.md-4.ts(5,7): error TS2322`)
})

/** What the compiler says; empty when all is well. */
function compile(all: readonly (readonly [page: string, markdown: string])[]): string {
  const directory = join(root, 'node_modules/.cache', `snippets-${process.pid}-${all.length}`)
  const files = all.flatMap(([page, markdown]) =>
    extractSnippets(markdown).map(({ line, code }) => {
      const file = join(directory, `${page}-${line}.ts`)
      mkdirSync(join(file, '..'), { recursive: true })
      // Empty lines before it make the compiler's line numbers those of the page.
      writeFileSync(file, '\n'.repeat(line - 1) + code)
      return file
    }),
  )
  const compilerOptions = {
    composite: false,
    declaration: false,
    declarationMap: false,
    sourceMap: false,
    noEmit: true,
    rewriteRelativeImportExtensions: false,
  }
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ type: 'module' }))
  writeFileSync(
    join(directory, 'tsconfig.json'),
    JSON.stringify({ extends: join(root, 'tsconfig.base.json'), compilerOptions, files: [...files, ...ambient] }),
  )
  const tsc = spawnSync(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', directory, '--pretty', 'false'],
    {
      cwd: directory,
      encoding: 'utf8',
    },
  )
  rmSync(directory, { recursive: true })
  return tsc.stdout + tsc.stderr
}
