import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))
const USAGE = `"${process.execPath}" --conditions=millrace-source "${MAIN}"`

function shell(program: string) {
  const { stdout, stderr } = spawnSync('sh', ['-c', program], { encoding: 'utf8' })
  return { stdout, stderr: stderr.replace(/^.*(Warning|--trace-warnings).*\n/gm, '') }
}

it.each([
  ['--help', 0],
  ['topic --help', 0],
  ['rest', 2],
])('millrace %s into a pipe that nobody reads ends as usual, and says nothing', (args, status) => {
  // The pipe is closed before Node.js has started.
  const { stderr } = shell(`{ ${USAGE} ${args} 2>/dev/null; echo "status $?" >&2; } | true`)
  expect(stderr).toBe(`status ${status}\n`)
})

it('a closed stderr does not end the command', () => {
  const { stderr } = shell(`{ { ${USAGE} rest 2>&1; echo "status $?" >&3; } | true; } 3>&2`)
  expect(stderr).toBe('status 2\n')
})

it('output that cannot be written is a failure', context => {
  if (!existsSync('/dev/full')) context.skip('the system has no /dev/full')
  const { stderr } = shell(`${USAGE} --help > /dev/full; echo "status $?" >&2`)
  expect(stderr).toMatch(/^The output cannot be written: ENOSPC.*\nstatus 1\n$/)
})
