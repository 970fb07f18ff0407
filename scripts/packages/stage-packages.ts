// What is published is not quite what is in `packages/`: the license is beside every package, the documentation beside the facade, and
// RocksDB's binaries are packages of their own.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { publicPackages } from './public-packages.ts'
import { platformPackageName, ROCKSDB_PLATFORMS, type RocksdbPlatform } from './rocksdb-platforms.ts'
import { detachFromBinding, writePlatformPackage } from './stage-rocksdb.ts'

const FACADE = 'millrace'
const ROCKSDB_STORE = '@millrace/store-rocksdb'
const INSTALLED = /[/\\](node_modules|dist)$/

export interface StagedPackage {
  readonly name: string
  /** As npm would publish it; absolute. */
  readonly directory: string
  /** Set where the package is for one platform only. */
  readonly platform?: RocksdbPlatform
}

/** Copies all public packages to folders below `target`, each ready for `npm pack` or `npm publish`. They have to be built. */
export function stagePackages(root: string, target: string): StagedPackage[] {
  const packages = publicPackages(root)
  const own = packages.map(({ name, directory }) => {
    const staged = folderOf(target, name)
    copyPublished(directory, staged)
    cpSync(join(root, 'LICENSE'), join(staged, 'LICENSE'))
    if (name === FACADE) addDocumentation(root, staged)
    if (name === ROCKSDB_STORE) detachFromBinding(root, staged)
    return { name, directory: staged }
  })
  const { version } = packages.find(each => each.name === ROCKSDB_STORE)!
  const platforms = ROCKSDB_PLATFORMS.map(platform => {
    const name = platformPackageName(platform)
    const directory = folderOf(target, name)
    writePlatformPackage(root, platform, version, directory)
    return { name, directory, platform }
  })
  return [...own, ...platforms]
}

/** Packs a staged package into `target` and gives the path of the archive. */
export function pack(staged: StagedPackage, target: string): string {
  const printed = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', target], {
    cwd: staged.directory,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    shell: process.platform === 'win32',
  })
  const [{ filename }] = JSON.parse(printed) as [{ filename: string }]
  return join(target, filename)
}

function folderOf(target: string, name: string): string {
  const folder = join(target, name.replace('@', '').replace('/', '-'))
  mkdirSync(folder, { recursive: true })
  return folder
}

function copyPublished(from: string, to: string): void {
  for (const name of ['package.json', 'README.md', 'addon', 'dist', 'optional', 'src'])
    if (existsSync(join(from, name)))
      cpSync(join(from, name), join(to, name), { recursive: true, filter: path => !path.endsWith('.node') })
}

/** The README's links lead to `docs/` and `examples/`, which therefore come along. */
function addDocumentation(root: string, facade: string): void {
  cpSync(join(root, 'README.md'), join(facade, 'README.md'))
  cpSync(join(root, 'docs'), join(facade, 'docs'), { recursive: true, filter: path => !path.endsWith('.ts') })
  cpSync(join(root, 'examples'), join(facade, 'examples'), { recursive: true, filter: path => !INSTALLED.test(path) })
}
