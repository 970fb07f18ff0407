import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startKafka } from '@millrace/dev-kafka'
import { kafka as kafkaClient, openTopics, silentLogger, string } from 'millrace'
import { afterAll, expect, it } from 'vitest'
import { eventually } from '../topic-io.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const kafka = await startKafka()
const { brokers } = kafka
const run = Date.now().toString(36)
const LIMIT_MS = 60_000
const directory = mkdtempSync(join(tmpdir(), 'millrace-readme-'))
const started: ChildProcess[] = []

/** The first program of the README; other names, since tests share the broker. */
function sample(): string {
  const code = /```ts\n(.*?)```/s.exec(readFileSync(join(root, 'README.md'), 'utf8'))![1]!
  const replace = (text: string, from: string, to: string) => {
    expect(text).toContain(from)
    return text.replaceAll(from, to)
  }
  const local = replace(code, "['localhost:9092']", JSON.stringify(brokers))
  return [`'lines'`, `'word-counts'`, `'word-count'`].reduce(
    (text, name) => replace(text, name, `${name.slice(0, -1)}-${run}'`),
    local,
  )
}

function start() {
  writeFileSync(join(directory, 'app.ts'), sample())
  const child = spawn(
    process.execPath,
    ['--conditions=millrace-source', '--disable-warning=ExperimentalWarning', 'app.ts'],
    { cwd: directory },
  )
  started.push(child)
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (bytes: Buffer) => (said.stdout += bytes.toString()))
  child.stderr.on('data', (bytes: Buffer) => (said.stderr += bytes.toString()))
  const ended = new Promise<number | null>(resolve => child.on('exit', resolve))
  return { child, said, ended }
}

afterAll(async () => {
  for (const child of started) child.kill('SIGKILL')
  rmSync(directory, { recursive: true, force: true })
  await kafka.stop()
})

it('the sample of the README runs as written on a broker without its topics, and says so on the terminal', async () => {
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }')
  const app = start()
  const shows = (of: typeof app.said, text: string) =>
    eventually(
      text,
      LIMIT_MS,
      async () => of.stdout + of.stderr,
      all => all.includes(text),
    )
  await shows(app.said, `word-count-${run} is running with`)
  const topics = await openTopics(kafkaClient({ brokers }), { logger: silentLogger })
  await topics.write(`lines-${run}`, { key: string(), value: string() }, [{ value: 'to be or not to be' }])
  await topics.close()
  await shows(app.said, 'be 2n')

  const second = start()
  expect(await second.ended).not.toBe(0)
  expect(second.said.stderr).toContain('MILLRACE_STORE_LOCKED')
  expect(second.said.stderr).toContain(`stateDir: process.env.STATE_DIR ?? "./millrace-state"`)

  app.child.kill('SIGINT')
  expect(await app.ended).toBe(0)
  const lines = app.said.stderr.split('\n').map(line => line.replace(/^\S+ /, ''))
  expect(lines.filter(line => line.includes(`word-count-${run} is`))).toHaveLength(4)
  expect(lines.filter(line => /^(WARN|ERROR)/.test(line))).toEqual([])
})
