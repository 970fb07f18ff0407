import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'

/** What a logger of the level writes to stderr, in a process of its own. */
function written(level: string): readonly string[] {
  const logger = new URL('console-logger.ts', import.meta.url).href
  const program = `import { consoleLogger } from ${JSON.stringify(logger)}
    const logger = consoleLogger(${level})
    for (const level of ['debug', 'info', 'warn', 'error']) logger[level]({ topic: 'in', error: new Error('broken') }, 'a ' + level)`
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--conditions=millrace-source', '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program],
    { cwd: new URL('.', import.meta.url), encoding: 'utf8' },
  )
  expect(stdout).toBe('')
  return stderr.trimEnd().split('\n')
}

it.each([
  ['', ['INFO a info', 'WARN a warn', 'ERROR a error']],
  [`'debug'`, ['DEBUG a debug', 'INFO a info', 'WARN a warn', 'ERROR a error']],
  [`'error'`, ['ERROR a error']],
])('consoleLogger(%s) writes its level and those above to stderr', (level, lines) => {
  expect(written(level).map(line => line.replace(/^\S+ /, ''))).toEqual(
    lines.map(line => `${line} (topic=in error=broken)`),
  )
})
