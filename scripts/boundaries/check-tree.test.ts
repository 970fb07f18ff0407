import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { checkTree } from './check-tree.ts'

/** Path to content. */
type Tree = Readonly<Record<string, string>>

const trees: string[] = []
afterEach(() => {
  for (const tree of trees.splice(0)) rmSync(tree, { recursive: true })
})

function check(tree: Tree): string[] {
  const root = mkdtempSync(join(tmpdir(), 'boundaries-'))
  trees.push(root)
  for (const [path, content] of Object.entries({ ...sound, ...tree })) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  return checkTree(root)
}

function manifest(name: string, dependencies: readonly string[]): string {
  return JSON.stringify({
    name,
    exports: { '.': { 'millrace-source': './src/index.ts', default: './dist/index.js' } },
    dependencies: Object.fromEntries(dependencies.map(each => [each, '1.0.0'])),
  })
}

const sound: Tree = {
  'packages/core/package.json': manifest('@millrace/core', []),
  'packages/core/src/index.ts': `export * from './plan.ts'`,
  'packages/core/src/plan.ts': `import type { Node } from './node.ts'\nexport interface Plan { nodes: Node[] }`,
  // Types may point both ways, and a test may use Node and any public entry.
  'packages/core/src/node.ts': `import type { Plan } from './plan.ts'\nexport interface Node { plan: Plan }`,
  'packages/core/src/plan.test.ts': `import 'node:fs'\nimport '@millrace/runtime'\nimport 'vitest'`,
  'packages/runtime/package.json': manifest('@millrace/runtime', ['@millrace/core']),
  'packages/runtime/src/index.ts': `import 'node:fs'\nexport * from '@millrace/core'`,
  'packages/client-wire/package.json': manifest('@millrace/client-wire', ['@millrace/core', 'kafka']),
  'packages/client-wire/src/index.ts': `import 'kafka/admin'\nimport '@millrace/core'`,
  'test/e2e/a.test.ts': `import '@millrace/runtime'`,
  // Formats are compared that no package exports.
  'test/differential/formats/a.ts': `import '../../../packages/core/src/plan.ts'`,
}

it('accepts a tree whose dependencies all point down', () => {
  expect(check({})).toEqual([])
})

it('accepts imports of lower floors, of files beside the floors, and all imports of tests', () => {
  const tree = {
    'packages/runtime/src/index.ts': `export * from './app/app.ts'`,
    'packages/runtime/src/app/app.ts': `import '../task/task.ts'\nimport './parts.ts'`,
    'packages/runtime/src/app/parts.ts': '',
    'packages/runtime/src/task/task.ts': `import '../task-id.ts'\nimport '../state/format/codec.ts'`,
    'packages/runtime/src/task/task.test.ts': `import '../app/app.ts'`,
    'packages/runtime/src/state/format/codec.ts': '',
    'packages/runtime/src/task-id.ts': '',
  }
  expect(check(tree)).toEqual([])
})

it.each([
  ['a higher floor', 'packages/runtime/src/state/format/codec.ts', `import type { A } from '../../task/task.ts'`],
  ['a floor from beside them', 'packages/runtime/src/task-id.ts', `import './observe/metrics.ts'`],
  ['the entry', 'packages/runtime/src/app/app.ts', `import type { A } from '../index.ts'`],
])('refuses an import of %s', (_, path, content) => {
  expect(check({ [path]: content })).toEqual([expect.stringContaining(`${path}:1`)])
  expect(check({ [path]: content })[0]).toContain('is on a floor above')
})

it('refuses a folder that is no floor', () => {
  const tree = { 'packages/runtime/src/misc/a.ts': `import '../task/task.ts'` }
  expect(check(tree)).toEqual([expect.stringContaining('misc is no floor of @millrace/runtime')])
})

it('accepts a name of a package of its own for a file of its own', () => {
  const tree = {
    'packages/client-x/package.json': JSON.stringify({
      ...JSON.parse(manifest('@millrace/client-x', [])),
      imports: { '#loader': { types: './loader.d.cts', default: './loader.cjs' } },
    }),
    'packages/client-x/src/index.ts': `import '#loader'`,
  }
  expect(check(tree)).toEqual([])
})

it('follows the names of a package of its own to what they lead to', () => {
  const binding = (declared: readonly string[]) => ({
    'packages/store-x/package.json': JSON.stringify({
      ...JSON.parse(manifest('@millrace/store-x', declared)),
      imports: { '#binding': { 'millrace-source': 'binding', default: './native/index.js' } },
    }),
    'packages/store-x/src/index.ts': `import '#binding'`,
  })
  expect(check(binding(['binding']))).toEqual([])
  expect(check(binding([]))).toEqual([
    expect.stringMatching(/store-x imports binding, which its package.json does not/),
  ])
})

it.each<[string, Tree, string | RegExp]>([
  [
    'a dependency of core',
    { 'packages/core/package.json': manifest('@millrace/core', ['lodash']) },
    /core\/package\.json:1 .*no dependencies, and has lodash/,
  ],
  [
    'a node: import in core',
    { 'packages/core/src/plan.ts': `\nimport 'node:fs'` },
    /core\/src\/plan\.ts:2 .*must not import node:fs/,
  ],
  ['a builtin without its prefix in core', { 'packages/core/src/plan.ts': `import 'fs'` }, /must not import fs/],
  [
    'core importing the runtime',
    { 'packages/core/src/plan.ts': `import type { App } from '@millrace/runtime'` },
    /plan\.ts:1 .*imports @millrace\/runtime, which its package\.json does not declare/,
  ],
  [
    'an adapter that depends on the runtime',
    {
      'packages/client-wire/package.json': manifest('@millrace/client-wire', [
        '@millrace/core',
        '@millrace/runtime',
        'kafka',
      ]),
    },
    /client-wire\/package\.json:1 .*must not depend on @millrace\/runtime/,
  ],
  [
    'a dependency that is not declared',
    { 'packages/client-wire/src/index.ts': `await import('zlib-sync')` },
    /imports zlib-sync, which its package\.json does not declare/,
  ],
  [
    'a deep import',
    { 'packages/runtime/src/index.ts': `import '@millrace/core/src/plan.ts'` },
    /@millrace\/core\/src\/plan\.ts is not an entry of @millrace\/core/,
  ],
  [
    'a relative import out of the package',
    { 'packages/runtime/src/index.ts': `export * from '../../core/src/plan.ts'` },
    /leaves the package/,
  ],
  [
    'a relative import into a package',
    { 'test/e2e/a.test.ts': `import '../../packages/core/src/plan.ts'` },
    /reaches into @millrace\/core/,
  ],
  [
    'a cycle of value imports',
    {
      'packages/core/src/plan.ts': `import { x } from './node.ts'`,
      'packages/core/src/node.ts': `export { y as x } from './plan.ts'`,
    },
    /cycle of value imports: packages\/core\/src\/node\.ts, packages\/core\/src\/plan\.ts/,
  ],
  [
    'a cycle that only inline types close',
    {
      'packages/core/src/plan.ts': `import { type X } from './node.ts'`,
      'packages/core/src/node.ts': `import './plan.ts'`,
    },
    /cycle/,
  ],
  [
    'a cycle through the entry',
    { 'packages/core/src/plan.ts': `import { z } from '@millrace/core'` },
    /cycle of value imports: packages\/core\/src\/index\.ts, packages\/core\/src\/plan\.ts/,
  ],
])('refuses %s', (_what, tree, expected) => {
  expect(check(tree)).toEqual([expect.stringMatching(expected)])
})
