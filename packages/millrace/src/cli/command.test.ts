import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { runCommand } from './command.ts'
import { loadPlan } from './load-plan.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-cli-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

async function run(...args: readonly string[]) {
  const lines: string[] = []
  const print = (line: string) => void lines.push(line)
  return { status: await runCommand(args, { print, printError: print }), text: lines.join('\n') }
}

function file(name: string, content: string): string {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

const PLAN = '{ nodes: [], stores: [], subTopologies: [], repartitionTopics: [] }'

it.each([
  [[], 2, 'millrace COMMAND'],
  [['--help'], 0, 'take an application back'],
  [['rest'], 2, 'Unknown command "rest". Did you mean "reset"?'],
  [['nothing'], 2, 'Unknown command "nothing".\n'],
  [['help'], 0, 'take an application back'],
  [['help', 'run'], 0, '--threads N'],
  [['help', 'rest'], 2, 'Unknown command "rest"'],
  [['--version'], 0, `, Node.js ${process.versions.node}`],
  [['-v'], 0, 'millrace '],
  [['run', '--help'], 0, '--threads N'],
  [['run'], 2, 'the MODULE is missing'],
  [['run', 'app.ts', '--threads', '0'], 2, '--threads 0 is not a whole number from 1'],
  [['run', 'app.ts', '--threads', '1.5'], 2, '--threads 1.5 is not a whole number from 1'],
  [['run', 'app.ts', '--threads=-1'], 2, '--threads -1 is not a whole number from 1'],
  [['run', 'app.ts', 'more'], 2, "Unexpected argument 'more'"],
  [['run', 'missing.mjs'], 1, 'MILLRACE_APPLICATION_MODULE'],
  [['schema'], 2, 'millrace schema COMMAND'],
  [['schema', 'check'], 2, 'schema check needs at least one FILE'],
  [['forget', '--help'], 0, 'millrace forget PERSON'],
  [['forget'], 2, 'the id of the PERSON is missing'],
  [['forget', 'a', 'b'], 2, '"b" is too much'],
  [['forget', 'a', '--nope'], 2, "Unknown option '--nope'"],
  [['reset', '--help'], 0, '--application-id ID'],
  [['reset'], 2, '--application-id is missing'],
  [['reset', '--application-id', 'app', '--to-offset', 'x'], 2, 'millrace reset --help lists the options'],
  [['reset', '--application-id', 'app', '--command-config', 'missing.json'], 2, 'missing.json cannot be read'],
  [['reset', '--application-id', 'a b'], 1, 'MILLRACE_CONFIG_INVALID: The option applicationId is "a b"'],
])('%j ends with %i and says %j', async (args, status, text) => {
  const outcome = await run(...args)
  expect(outcome).toEqual({ status, text: expect.stringContaining(text) as unknown })
})

it('names a configuration that is not JSON', async () => {
  const config = file('client.json', '{ssl: true}')
  const outcome = await run('reset', '--application-id', 'app', '--command-config', config)
  expect(outcome).toEqual({ status: 2, text: expect.stringContaining(`${config} is not JSON`) as unknown })
})

it.each([
  ['of another client', '{ "ssl": true }', 'has the option "ssl"; possible are clientId, tls, sasl'],
  ['that is no object', 'true', 'is not a JSON object'],
])('refuses a configuration %s', async (_what, content, text) => {
  const config = file('client.json', content)
  const outcome = await run('reset', '--application-id', 'app', '--command-config', config)
  expect(outcome).toEqual({ status: 2, text: expect.stringContaining(text) as unknown })
})

it.each([
  ['the only export', `export default ${PLAN}`],
  ['one export among others', `export const plan = ${PLAN}; export const brokers = []`],
  ['one plan under two names', `const plan = ${PLAN}; export { plan, plan as default }`],
])('finds a plan that is %s', async (_what, content) => {
  expect(await loadPlan(file('plan.mjs', content))).toMatchObject({ nodes: [] })
})

it('finds the plan of an application', async () => {
  const application = `{ plan: ${PLAN}, options: {}, [Symbol.for('millrace.application')]: true }`
  expect(await loadPlan(file('plan.mjs', `export default ${application}`))).toMatchObject({ nodes: [] })
})

it.each([
  ['exports no plan', 'export const topology = 1'],
  ['exports 2 plans', `export const a = ${PLAN}; export const b = ${PLAN}`],
])('a module that %s is refused', async (message, content) => {
  await expect(loadPlan(file('plan.mjs', content))).rejects.toThrow(message)
})
