import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, expect, it } from 'vitest'
import { startSupervisor } from './supervisor.ts'

const FOREVER = ['-e', 'setInterval(() => {}, 1000)']

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'supervisor-test-'))
})

/** The test's own time limit ends a wait in vain. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(20)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

it('starts, signals and starts again under one name, and keeps the output', async () => {
  const supervisor = startSupervisor(directory)
  const log = join(directory, 'out.log')
  const first = await supervisor.spawn(
    'a',
    process.execPath,
    ['-e', 'console.log("up"); setInterval(() => {}, 1000)'],
    log,
  )
  expect(supervisor.status('a')).toBeUndefined()
  while (!(await readFile(log, 'utf8')).includes('up')) await sleep(20)
  await supervisor.signal('a', 'SIGKILL')
  expect([supervisor.status('a'), isAlive(first)]).toEqual(['SIGKILL', false])

  const second = await supervisor.spawn('a', process.execPath, FOREVER, log)
  expect(isAlive(second)).toBe(true)
  await supervisor.end()
  expect([isAlive(second), existsSync(directory)]).toEqual([false, false])
  await supervisor.end()
})

it('says what could not be started', async () => {
  const supervisor = startSupervisor(directory)
  const spawned = supervisor.spawn('a', join(directory, 'nothing'), [], join(directory, 'out.log'))
  await expect(spawned).rejects.toThrow(/nothing did not start: .*ENOENT/)
  await supervisor.end()
})

it('says how a process ended that ended by itself', async () => {
  const supervisor = startSupervisor(directory)
  await supervisor.spawn('a', process.execPath, ['-e', 'process.exit(3)'], join(directory, 'out.log'))
  await until(() => supervisor.status('a') !== undefined)
  expect(supervisor.status('a')).toBe('exit status 3')
  await supervisor.end()
})

// A process that starts a supervisor with a child, says the child's id, and then does what the case says.
const parent = (then: string): string => `
  const { startSupervisor } = await import(${JSON.stringify(new URL('./supervisor.ts', import.meta.url).href)})
  const supervisor = startSupervisor(process.argv[1])
  const pid = await supervisor.spawn('a', process.execPath, ${JSON.stringify(FOREVER)}, process.argv[1] + '/out.log')
  console.log(pid)
  ${then}
`
const stay = 'setInterval(() => {}, 1000)'

it.each([
  ['is killed with SIGKILL', stay, 'SIGKILL'],
  ['is ended by SIGTERM', stay, 'SIGTERM'],
  ['is ended by Ctrl-C', stay, 'SIGINT'],
  ['has nothing left to do', '', undefined],
  ['exits', 'process.exit(0)', undefined],
  ['fails with an uncaught error', 'setTimeout(() => { throw new Error("expected by this test") })', undefined],
] as const)('ends its children and deletes the directory when the parent %s', async (_how, then, signal) => {
  const started = spawn(process.execPath, ['--input-type=module', '-e', parent(then), directory], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const gone = once(started, 'exit')
  const [pid] = (await once(createInterface({ input: started.stdout }), 'line')) as [string]
  if (signal !== undefined) started.kill(signal)
  await gone
  await until(() => !isAlive(Number(pid)) && !existsSync(directory))
  expect([isAlive(Number(pid)), existsSync(directory)]).toEqual([false, false])
})
