// Packs what would be published, installs it into an empty project beside nothing but its declared dependencies, and there
// compiles and runs a program that imports every entry. Needs no network. publint looks at each package.json.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { buildPackages } from './packages/build-packages.ts'
import { installedSize, installPacked, linkPackage, manifestOf } from './packages/packed-installation.ts'
import { ADDON } from './packages/rocksdb-addon.ts'
import { publicPackages, type PublicPackage } from './packages/public-packages.ts'

const root = resolve('.')
const packages = publicPackages(root)
/** The oldest that the README names. */
const OLDEST_TYPESCRIPT = 'test/compatibility/node_modules/typescript'
/** What `npm install millrace` may take on one platform, in MB: RocksDB's binary is 11 of them. */
const MAX_INSTALLED_MB = 30

const project = mkdtempSync(join(tmpdir(), 'millrace-user-'))
try {
  buildPackages(root)
  const lintErrors = await lintPackages(packages)
  for (const each of lintErrors) console.error(each)
  process.exitCode = lintErrors.length === 0 ? 0 : 1

  installPacked(root, project)
  checkSize(project)
  checkAddon(project)
  checkWithoutOptionalPeers(project)
  for (const name of optionalPeers(packages)) linkPackage(root, name, project)
  compileAndRun(packages, project)
  console.log(`${packages.length} packages: ${packages.map(each => each.name).join(', ')}`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  rmSync(project, { recursive: true })
}

async function lintPackages(all: readonly PublicPackage[]): Promise<string[]> {
  const found: string[] = []
  for (const each of all) {
    const { messages, pkg } = await publint({ pkgDir: each.directory, pack: 'npm', level: 'warning', strict: true })
    for (const message of messages) found.push(`${each.name}: ${formatMessage(message, pkg) ?? message.code}`)
  }
  return found
}

function optionalPeers(all: readonly PublicPackage[]): Set<string> {
  return new Set(all.flatMap(({ directory }) => Object.keys(manifestOf(directory).peerDependenciesMeta ?? {})))
}

/** An entry whose optional package is missing loads, and says what to install when it is used. The main entry needs none. */
function checkWithoutOptionalPeers(project: string): void {
  const program = `
    await import('millrace')
    const { kafkajs } = await import('millrace/kafkajs')
    try { kafkajs({ brokers: 'localhost:9092' }) } catch (error) { console.log(error.message) }`
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: project,
    encoding: 'utf8',
  })
  if (!said.startsWith('MILLRACE_CLIENT_PACKAGE_MISSING') || !said.includes('npm install kafkajs'))
    throw new Error(`kafkajs() without kafkajs: ${said || 'nothing was said'}`)
}

function checkSize(project: string): void {
  const { packages: count, megabytes } = installedSize(root, ['millrace'], project)
  if (megabytes > MAX_INSTALLED_MB)
    throw new Error(`npm install millrace takes ${megabytes.toFixed(1)} MB, more than ${MAX_INSTALLED_MB}.`)
  console.log(`npm install millrace: ${count} packages, ${megabytes.toFixed(1)} MB`)
}

/** Where the addon of the RocksDB store was compiled, an installation finds it. */
function checkAddon(project: string): void {
  const host = `${process.platform}-${process.arch}`
  if (!existsSync(join(project, 'node_modules/@millrace', `rocksdb-${host}`, ADDON))) return
  const store = join(project, 'node_modules/@millrace/store-rocksdb')
  const program = `require('${store}/native/index.js'); console.log(typeof require('${store}/addon/load.cjs')?.write)`
  const said = execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' })
  if (said.trim() !== 'function') throw new Error(`the installed store does not find its addon: ${said}`)
}

function compileAndRun(all: readonly PublicPackage[], project: string): void {
  const entries = all.flatMap(each => each.entries)
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2024',
    lib: ['es2024', 'esnext.disposable'],
    types: ['node'],
    strict: true,
    skipLibCheck: false,
  }
  writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module' }))
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['main.ts'] }))
  writeFileSync(
    join(project, 'main.ts'),
    [
      ...entries.map((entry, index) => `import * as entry${index} from '${entry}'`),
      ...entries.map(
        (entry, index) => `if (Object.keys(entry${index}).length === 0) throw new Error('${entry} exports nothing')`,
      ),
      // The binary for this platform is found and loads.
      "import { consoleLogger, rocksdb } from 'millrace'",
      "const state = await rocksdb().open({ directory: 'state', stores: ['s'], logger: consoleLogger('error') })",
      'await state.close()',
    ].join('\n'),
  )
  for (const compiler of [OLDEST_TYPESCRIPT, 'node_modules/typescript'])
    execFileSync(process.execPath, [join(root, compiler, 'bin/tsc'), '-p', project], {
      cwd: project,
      stdio: 'inherit',
    })
  execFileSync(process.execPath, ['main.js'], { cwd: project, stdio: 'inherit' })
}
