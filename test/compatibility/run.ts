// Installs the packed packages in an empty project and runs a program there in each environment of the list: npm run compatibility
// The table that it prints is the one in the README. Needs a registry for the environments themselves.
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { buildPackages } from '../../scripts/packages/build-packages.ts'
import { isThisPlatform } from '../../scripts/packages/rocksdb-platforms.ts'
import { pack, stagePackages } from '../../scripts/packages/stage-packages.ts'
import { ENVIRONMENTS, type Environment } from './environments.ts'

const LIMIT_MS = 180_000
/** The program also uses what an application installs only where it needs it. */
const OPTIONAL_PEERS = ['kafkajs@2']
const { values } = parseArgs({ options: { only: { type: 'string' } } })
const chosen = ENVIRONMENTS.filter(({ name }) => values.only === undefined || name.includes(values.only))
if (chosen.length === 0) throw new Error(`No environment has "${values.only}" in its name.`)

const root = resolve('.')
const project = mkdtempSync(join(tmpdir(), 'millrace-compatibility-'))
try {
  installInto(project)
  const results = chosen.map(environment => ({ environment, failure: failureOf(environment) }))
  console.log('\n| environment | |\n|---|---|')
  for (const { environment, failure } of results)
    console.log(`| ${environment.name} | ${failure === undefined ? (environment.remark ?? 'works') : 'fails'} |`)
  for (const { environment, failure } of results)
    if (failure !== undefined) console.error(`\n${environment.name}:\n${failure}`)
  process.exitCode = results.some(({ failure }) => failure !== undefined) ? 1 : 0
} finally {
  rmSync(project, { recursive: true })
}

function installInto(directory: string): void {
  buildPackages(root)
  const archives = stagePackages(root, join(directory, 'staging'))
    .filter(({ platform }) => platform === undefined || isThisPlatform(platform))
    .map(staged => pack(staged, directory))
  rmSync(join(directory, 'staging'), { recursive: true })
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  cpSync(join(root, '.npmrc'), join(directory, '.npmrc'))
  cpSync(join(import.meta.dirname, 'program'), directory, { recursive: true })
  mkdirSync(join(directory, 'out'))
  const packages = new Set([...OPTIONAL_PEERS, ...chosen.flatMap(environment => environment.packages)])
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...archives, ...packages], {
    cwd: directory,
    stdio: 'inherit',
  })
}

/** What the environment printed, where the program has not worked there. */
function failureOf({ commands, prints, variables }: Environment): string | undefined {
  let output = ''
  for (const [program, ...args] of commands) {
    const path = program === 'node' ? process.execPath : program!.replace(/^bin:/, 'node_modules/.bin/')
    const { stdout, stderr, status, error } = spawnSync(path, args, {
      cwd: project,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1', ...variables },
      timeout: LIMIT_MS,
    })
    output = `${stdout}${stderr}`
    if (status !== 0) return `${program} ended with ${error?.message ?? status}\n${output}`
  }
  return prints.test(output) ? undefined : output
}
