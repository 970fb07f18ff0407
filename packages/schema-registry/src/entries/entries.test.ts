import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const folder = fileURLToPath(new URL('.', import.meta.url))

/** The packages that a module loads by itself, without those of `import()`. */
function packagesBehind(file: string, seen = new Set<string>()): ReadonlySet<string> {
  const found = new Set<string>()
  if (seen.has(file)) return found
  seen.add(file)
  const statements = readFileSync(file, 'utf8').matchAll(
    /^(?:import|export) (?!type )[^;]*?from '([^']+)'|^} from '([^']+)'/gm,
  )
  for (const [, one, other] of statements) {
    const name = one ?? other!
    if (name.startsWith('.')) for (const inner of packagesBehind(join(dirname(file), name), seen)) found.add(inner)
    else
      found.add(
        name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/'),
      )
  }
  return found
}

it.each([
  ['../index.ts', []],
  ['json-schema.ts', ['ajv', 'ajv-draft-04', 'ajv-formats']],
  ['protobuf.ts', ['@bufbuild/protobuf']],
])('%s loads %j', (entry, expected) => {
  const found = [...packagesBehind(join(folder, entry))].filter(
    name => !name.startsWith('node:') && !name.startsWith('@millrace/'),
  )
  expect(found.toSorted()).toEqual(expected)
})
