import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

// What the linter is there for. A configuration that no longer sees one of these lets a record be lost unseen.
it.each([
  ['no-floating-promises', 'a promise that nobody awaits', 'flush()'],
  ['no-floating-promises', 'a result that may be a promise', 'emit()'],
  ['no-misused-promises', 'an async callback where nothing awaits it', '[1].forEach(async () => { await flush() })'],
  ['no-misused-promises', 'a promise taken for a condition', 'if (flush()) emits += 1'],
])('%s reports %s', (rule, _what, statement) => {
  expect(lint(statement)).toContain(`typescript(${rule})`)
})

it('accepts what awaits', () => {
  expect(lint('await emit()')).toContain('Found 0 warnings and 0 errors')
})

function lint(statement: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'lint-'))
  writeFileSync(
    join(directory, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { strict: true, module: 'nodenext' } }),
  )
  writeFileSync(
    join(directory, 'sample.ts'),
    `let emits = 0
     async function flush(): Promise<void> { await Promise.resolve(emits) }
     function emit(): void | Promise<void> { emits += 1; return emits > 1 ? flush() : undefined }
     export async function run(): Promise<void> { await emit(); ${statement} }`,
  )
  const oxlint = join(root, 'node_modules/oxlint/bin/oxlint')
  const result = spawnSync(
    process.execPath,
    [oxlint, '-c', join(root, '.oxlintrc.json'), '--type-aware', 'sample.ts'],
    {
      cwd: directory,
      encoding: 'utf8',
      env: { ...process.env, PATH: join(root, 'node_modules/.bin') + delimiter + process.env['PATH'] },
    },
  )
  rmSync(directory, { recursive: true })
  return result.stdout + result.stderr
}
