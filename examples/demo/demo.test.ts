import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

function startDemo(...args: readonly string[]): ChildProcess {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url))
  return spawn(process.execPath, ['--conditions=millrace-source', main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
}

async function endOf(demo: ChildProcess): Promise<{ code: number | null; out: string; err: string }> {
  let out = ''
  let err = ''
  demo.stdout!.on('data', chunk => (out += String(chunk)))
  demo.stderr!.on('data', chunk => (err += String(chunk)))
  const [code] = (await once(demo, 'close')) as [number | null]
  return { code, out, err }
}

it('runs for the seconds it is given, in plain lines, and accounts for every record', { timeout: 60_000 }, async () => {
  const { code, out, err } = await endOf(startDemo('--seconds', '3', '--rate', '500'))
  expect(err).toBe('')
  expect(code).toBe(0)
  expect(out).toMatch(
    /^console http:\/\/127\.0\.0\.1:\d+\/console\n1 s +written [\d,]+ orders .* stream time 09:0\d:\d\d/,
  )
  expect(out).toMatch(/Summary after \d+ s, in memory, exactly once\n {2}orders +1,\d{3} written/)
  expect(out).toContain('every record is accounted for')
  expect(out, 'no terminal, no control codes').not.toContain('\x1b')
})

it('accounts for every record as Avro, too', { timeout: 60_000 }, async () => {
  const { code, out, err } = await endOf(startDemo('--avro', '--seconds', '3', '--rate', '500'))
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toContain('in memory, Avro, exactly once')
  expect(out).toContain('every record is accounted for')
})

it('ends on Ctrl-C with the summary', { timeout: 60_000 }, async () => {
  const demo = startDemo()
  const ended = endOf(demo)
  await once(demo.stdout!, 'data')
  demo.kill('SIGINT')
  const { code, out } = await ended
  expect(code).toBe(0)
  expect(out).toContain('every record is accounted for')
})

it('refuses what it does not know', { timeout: 60_000 }, async () => {
  const { code, out, err } = await endOf(startDemo('--fast'))
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toMatch(/'--fast'[^]*--help/)
  expect(await endOf(startDemo('--help'))).toMatchObject({ code: 0, out: expect.stringContaining('npm run demo') })
})
