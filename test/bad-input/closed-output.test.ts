import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const PROGRAM = fileURLToPath(new URL('printing-process.ts', import.meta.url))

it.each(['2>&1 | true', '2>/dev/null | true', '2>&1 >/dev/null | true', '>/dev/full 2>&1'])(
  'an application goes on when nobody takes its output: %s',
  async redirection => {
    if (redirection.includes('/dev/full') && !existsSync('/dev/full')) return expect(redirection).toContain('full')
    const directory = await mkdtemp(join(tmpdir(), 'millrace-'))
    try {
      const file = join(directory, 'result')
      const command = `"${process.execPath}" --conditions=millrace-source "${PROGRAM}" "${file}" "${directory}"`
      spawnSync('sh', ['-c', `{ ${command}; } ${redirection}`])
      expect(existsSync(file) && (await readFile(file, 'utf8'))).toBe('9 NOT_RUNNING')
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  },
)
