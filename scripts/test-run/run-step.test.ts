import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { runStep } from './run-step.ts'
import type { Step } from './steps.ts'

const never = new AbortController().signal

function step(program: string, limitMs = 60_000): Step {
  return { name: 'sample', what: 'a sample', args: ['-e', program], isVitest: false, needs: undefined, limitMs }
}

it('takes status and output from the step', async () => {
  const passed = await runStep(step(`console.log('fine')`), [], never)
  expect(passed).toMatchObject({ tally: { passed: 1, failed: 0 }, output: 'fine\n' })
  const failed = await runStep(step(`console.error('broken'); process.exit(3)`), [], never)
  expect(failed).toMatchObject({ tally: { passed: 0, failed: 1 }, output: 'broken\n' })
})

it('reads the tally that tests write, and counts tests without one as a failure', async () => {
  const tally = { passed: 4, failed: 0, skipped: [] }
  const program = `require('fs').writeFileSync(process.env.MILLRACE_TALLY_FILE, '${JSON.stringify(tally)}')`
  expect(await runStep({ ...step(program), isVitest: true }, [], never)).toMatchObject({ tally })
  expect(await runStep({ ...step('0'), isVitest: true }, [], never)).toMatchObject({ tally: { passed: 0, failed: 1 } })
})

it('ends a step that takes too long, and the processes that it started', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'step-'))
  const pidFile = join(directory, 'pid')
  const idle = 'setInterval(() => {}, 1000)'
  const program = `
    const { pid } = require('child_process').spawn(process.execPath, ['-e', '${idle}'])
    require('fs').writeFileSync('${pidFile}', String(pid))
    ${idle}`
  const result = await runStep(step(program, 1_500), [], never)
  expect(result.tally).toMatchObject({ passed: 0, failed: 1 })
  expect(result.output).toContain('was ended after 1.5 s')
  expect(existsSync(pidFile)).toBe(true)
  const pid = Number(readFileSync(pidFile, 'utf8'))
  // The test's own time limit ends a wait in vain.
  while (isAlive(pid)) await sleep(20)
  rmSync(directory, { recursive: true })
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
