import { expect, it } from 'vitest'
import { failureLines } from './failure-lines.ts'

const end = Array.from({ length: 100 }, (_, line) => `INFO closing ${line}\n`).join('')

it.each([
  [
    'an error',
    `INFO starting\nERROR it broke\njava.net.BindException: Address in use\n\tat somewhere\n${end}`,
    'ERROR it broke\njava.net.BindException: Address in use',
  ],
  [
    'a JVM that did not come up',
    'Error: Could not find or load main class\n',
    'Error: Could not find or load main class',
  ],
  ['nothing telling', 'INFO a\nINFO b\n', 'INFO a\nINFO b'],
])('shows of a log with %s what matters', (_what, log, shown) => {
  expect(failureLines(log)).toBe(shown)
})

it('shows the last lines of a long log that ends without an error', () => {
  expect(failureLines(end).split('\n')).toHaveLength(12)
  expect(failureLines(end)).toContain('closing 99')
})
