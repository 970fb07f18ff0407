import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { MUTANTS } from './mutants.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** The run that looks for them takes long. So it is known here when the code has changed beneath one. */
it.each(MUTANTS)('still applies, in one place: $name', async ({ file, from, to }) => {
  const source = await readFile(join(ROOT, file), 'utf8')
  expect(source.split(from)).toHaveLength(2)
  expect(to).not.toBe(from)
})
