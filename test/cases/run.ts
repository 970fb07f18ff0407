/**
 * `npm run cases -- [text in the name …]`: runs the programs of this folder whose names contain one of the texts, or all of
 * them, one after another, and prints what each said. Exits with 1 when one is wrong; with `CI=true` also when one could not run.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DevKafka, DevKafkaError, sharedKafka } from '@millrace/dev-kafka'

const NO_CASES = ['run.ts', 'check.ts']
const LIMIT_MS = 300_000
const RESULTS: Readonly<Record<string, string>> = { 0: 'right', 1: 'WRONG', 2: 'not run' }
const here = import.meta.dirname
const wanted = process.argv.slice(2)
const cases = readdirSync(here).filter(name => name.endsWith('.ts') && !NO_CASES.includes(name))
const chosen = cases.filter(name => wanted.length === 0 || wanted.some(text => name.includes(text)))

if (chosen.length === 0) {
  console.error(`No case has ${wanted.join(' or ')} in its name. The cases are:\n${cases.join('\n')}`)
  process.exitCode = 2
} else {
  await runCases(chosen)
}

async function runCases(names: readonly string[]): Promise<void> {
  const needsBroker = names.some(name => readFileSync(join(here, name), 'utf8').includes(' brokers()'))
  const kafka = needsBroker ? await broker() : undefined
  const results: [result: string, name: string][] = []
  // One at a time: some measure how their own process behaves.
  for (const name of names) results.push([await resultOf(name), name])
  await kafka?.stop()
  console.log(`\n${results.map(line => line.join('  ')).join('\n')}`)
  const accepted = process.env['CI'] === 'true' ? ['right'] : ['right', 'not run']
  process.exitCode = results.every(([result]) => accepted.includes(result)) ? 0 : 1
}

async function broker(): Promise<DevKafka | undefined> {
  try {
    return await sharedKafka({ log: line => console.error(line) })
  } catch (error) {
    if (!(error instanceof DevKafkaError)) throw error
    console.error(`Cases that need a broker do not run: ${error.message}`)
    return undefined
  }
}

async function resultOf(name: string): Promise<string> {
  console.log(`\n== ${name}`)
  const options = ['--conditions=millrace-source', join(here, name)]
  const child = spawn(process.execPath, options, { stdio: 'inherit', timeout: LIMIT_MS })
  const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return RESULTS[String(status)] ?? `ended with ${status ?? signal}`
}
