// A user's first project: installs the packed packages in an empty folder outside the repository, then checks the types of README's
// program, tests its topology, and runs it on a real Kafka with each version of Node.js: npm run first-project
// Prints the size of the installation. Needs a registry for npm, and what tests on a real Kafka need.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { cpSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { kafka as kafkaClient } from '@millrace/client-wire'
import { type DevKafka, startKafka } from '@millrace/dev-kafka'
import { buildPackages } from '../../scripts/packages/build-packages.ts'
import { isThisPlatform } from '../../scripts/packages/rocksdb-platforms.ts'
import { pack, stagePackages } from '../../scripts/packages/stage-packages.ts'
import { topicIo } from '../topic-io.ts'

const NODE_VERSIONS = [22, 24]
const MAX_MEGABYTES = 30
const LIMIT_MS = 120_000
const MEGABYTE = 1_000_000

const root = resolve('.')
const project = mkdtempSync(join(tmpdir(), 'millrace-first-project-'))
try {
  await using kafka = await startKafka()
  const megabytes = installPackages()
  console.log(
    `${megabytes.toFixed(1)} MB: node_modules after \`npm install millrace\` on ${process.platform}-${process.arch}`,
  )
  if (megabytes >= MAX_MEGABYTES) throw new Error(`The installation must be smaller than ${MAX_MEGABYTES} MB.`)
  installTools()
  const program = readmeProgram()
  writeProject(program, kafka.brokers)
  run('node_modules/.bin/tsc', [])
  console.log("the types of README's program are correct")
  for (const version of NODE_VERSIONS) {
    const node = join(project, `node_modules/node-${version}/bin/node`)
    run(node, ['--test', 'word-count.test.ts'])
    await runOn(node, kafka)
    const printed = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
    console.log(`README's program is tested and runs on Kafka ${kafka.version} with Node.js ${printed}`)
  }
} finally {
  rmSync(project, { recursive: true })
}

/** Returns the size of what a user gets, in megabytes. */
function installPackages(): number {
  buildPackages(root)
  const staging = join(project, 'staging')
  const archives = stagePackages(root, staging)
    .filter(({ platform }) => platform === undefined || isThisPlatform(platform))
    .map(staged => ({ name: staged.name, file: pack(staged, project) }))
  rmSync(staging, { recursive: true })
  // The packages are not in a registry: the overrides give npm the archives for the dependencies of `millrace`.
  const files = Object.fromEntries(archives.map(({ name, file }) => [name, `file:${file}`]))
  const { millrace, ...overrides } = files
  const manifest = { private: true, type: 'module', dependencies: { millrace }, overrides }
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest))
  cpSync(join(root, '.npmrc'), join(project, '.npmrc'))
  npmInstall([])
  return sizeOf(join(project, 'node_modules')) / MEGABYTE
}

function installTools(): void {
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly devDependencies: Readonly<Record<string, string>>
  }
  const compiler = ['typescript', '@types/node'].map(name => `${name}@${devDependencies[name]}`)
  npmInstall(['--save-dev', ...compiler, ...NODE_VERSIONS.map(version => `node-${version}@npm:node@${version}`)])
}

function npmInstall(given: readonly string[]): void {
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...given], {
    cwd: project,
    stdio: 'inherit',
  })
}

/** The first program of the README. */
function readmeProgram(): string {
  const [, program] = /^```ts\n(.*?)^```$/ms.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? []
  if (program === undefined) throw new Error('README.md has no program.')
  return program
}

/** The program with the address of the broker, and a test of its topology as a user would write it. */
function writeProject(program: string, brokers: string): void {
  const [topology] = program.split(/^const client = /m)
  writeFileSync(join(project, 'word-count.ts'), program.replace('localhost:9092', brokers))
  writeFileSync(
    join(project, 'word-count.test.ts'),
    `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { long } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
${topology}
test('counts words', async () => {
  const driver = await TopologyTestDriver.create(builder.build())
  const lines = driver.createInputTopic('lines', { key: string(), value: string() })
  const counts = driver.createOutputTopic('word-counts', { key: string(), value: long() })
  await lines.pipeInput('to be or not to be')
  assert.equal(counts.readKeyValuesToMap().get('be'), 2n)
  await driver.close()
})
`,
  )
  const compilerOptions = {
    target: 'es2024',
    module: 'nodenext',
    strict: true,
    skipLibCheck: false,
    allowImportingTsExtensions: true,
    noEmit: true,
    types: ['node'],
  }
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
}

function run(program: string, args: readonly string[]): void {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: project,
    encoding: 'utf8',
    timeout: LIMIT_MS,
  })
  if (status !== 0)
    throw new Error(`${program} ${args.join(' ')} failed: ${error?.message ?? status}\n${stdout}${stderr}`)
}

/** Runs the program, writes a line to its topic, waits for the count that it prints, and ends it as Ctrl-C does. */
async function runOn(node: string, kafka: DevKafka): Promise<void> {
  const word = `millrace${process.pid}x${node.includes('node-22') ? 22 : 24}`
  const application = spawn(node, ['word-count.ts'], { cwd: project, stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  const ended = new Promise<number | null>(resolve => application.on('exit', resolve))
  try {
    await new Promise<void>((counted, failed) => {
      const tooLong = setTimeout(() => failed(new Error(`The program has not counted:\n${printed}`)), LIMIT_MS)
      let written = false
      const read = (chunk: Buffer) => {
        printed += chunk.toString()
        if (!written && printed.includes('RUNNING')) {
          written = true
          writeLine(kafka, `${word} ${word}`).catch(failed)
        }
        if (!new RegExp(`^${word} 2n?$`, 'm').test(printed)) return
        clearTimeout(tooLong)
        counted()
      }
      application.stdout.on('data', read)
      application.stderr.on('data', read)
      void ended.then(code => failed(new Error(`The program ended with ${code}:\n${printed}`)))
    })
    application.kill('SIGINT')
    const code = await ended
    if (code !== 0) throw new Error(`After SIGINT the program ended with ${code}:\n${printed}`)
  } finally {
    application.kill('SIGKILL')
  }
}

async function writeLine({ brokers }: DevKafka, line: string): Promise<void> {
  await using io = topicIo(kafkaClient({ brokers: brokers.split(',') }))
  await io.produce('lines', [{ partition: 0, key: null, value: line, timestamp: Date.now() }])
}

function sizeOf(path: string): number {
  const stats = lstatSync(path)
  if (!stats.isDirectory()) return stats.size
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0)
}
