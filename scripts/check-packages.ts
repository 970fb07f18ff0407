// Packs what would be published, installs it into an empty project beside nothing but its declared dependencies, and there
// compiles and runs a program that imports every entry. Needs no network. publint looks at each package.json.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { publicPackages, type PublicPackage } from './packages/public-packages.ts'

const root = resolve('.')
const tsc = join(root, 'node_modules/typescript/bin/tsc')
const packages = publicPackages(root)

const project = mkdtempSync(join(tmpdir(), 'millrace-user-'))
try {
  execFileSync(process.execPath, [tsc, '-b'], { cwd: root, stdio: 'inherit' })
  const lintErrors = await lintPackages(packages)
  for (const each of lintErrors) console.error(each)
  process.exitCode = lintErrors.length === 0 ? 0 : 1

  for (const each of packages) install(each, project)
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

/** Puts the packed package where `npm install` would, and links the third-party packages that it declares. */
function install(each: PublicPackage, project: string): void {
  const packed = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], {
    cwd: each.directory,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    shell: process.platform === 'win32',
  })
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }]
  const target = join(project, 'node_modules', each.name)
  mkdirSync(target, { recursive: true })
  execFileSync('tar', ['-xzf', join(project, filename), '-C', target, '--strip-components=1'])

  for (const name of [...each.dependencies, '@types/node']) {
    const link = join(project, 'node_modules', name)
    if (packages.some(own => own.name === name) || existsSync(link)) continue
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), link, 'junction')
  }
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
    ].join('\n'),
  )
  execFileSync(process.execPath, [tsc, '-p', project], { cwd: project, stdio: 'inherit' })
  execFileSync(process.execPath, ['main.js'], { cwd: project, stdio: 'inherit' })
}
