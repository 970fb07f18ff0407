// The packed packages as `npm install` would put them, without a registry: what others depend on is linked to the packages of this
// repository.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isThisPlatform } from './rocksdb-platforms.ts'
import { pack, type StagedPackage, stagePackages } from './stage-packages.ts'

export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

export interface InstalledSize {
  readonly packages: number
  /** Millions of bytes. */
  readonly megabytes: number
}

/** Installs all packages that this platform gets into `project`. They have to be built. */
export function installPacked(root: string, project: string): void {
  const staging = join(project, 'staging')
  for (const staged of stagePackages(root, staging))
    if (staged.platform === undefined || isThisPlatform(staged.platform)) install(root, staged, project)
  rmSync(staging, { recursive: true })
}

/** Links a third-party package of this repository into `project`, unless it has it. */
export function linkPackage(root: string, name: string, project: string): void {
  const link = join(project, 'node_modules', name)
  if (name.startsWith('@millrace/') || existsSync(link)) return
  mkdirSync(dirname(link), { recursive: true })
  symlinkSync(join(root, 'node_modules', name), link, 'junction')
}

/** What `npm install NAMES` takes, dependencies included. */
export function installedSize(root: string, names: readonly string[], project: string): InstalledSize {
  const directories = broughtBy(names, [join(project, 'node_modules'), join(root, 'node_modules')])
  return {
    packages: directories.length,
    megabytes: directories.reduce((sum, directory) => sum + bytesOf(directory), 0) / 1_000_000,
  }
}

export function manifestOf(directory: string): Manifest {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest
}

/** The bytes of a file, or of all files in a directory. */
export function bytesOf(path: string): number {
  const stats = statSync(path)
  if (!stats.isDirectory()) return stats.size
  return readdirSync(path).reduce((sum, name) => sum + bytesOf(join(path, name)), 0)
}

/** Puts the packed package where `npm install` would, and links the third-party packages that it declares. */
function install(root: string, staged: StagedPackage, project: string): void {
  const target = join(project, 'node_modules', staged.name)
  mkdirSync(target, { recursive: true })
  execFileSync('tar', ['-xzf', pack(staged, project), '-C', target, '--strip-components=1'])
  for (const name of [...dependenciesOf(staged.directory), '@types/node']) linkPackage(root, name, project)
}

function dependenciesOf(directory: string): string[] {
  const { dependencies, peerDependencies, peerDependenciesMeta = {} } = manifestOf(directory)
  const peers = Object.keys(peerDependencies ?? {}).filter(name => !peerDependenciesMeta[name]?.optional)
  return [...Object.keys(dependencies ?? {}), ...peers]
}

/** The directories of packages and of all that their dependencies bring. Those of other platforms are not there. */
function broughtBy(first: readonly string[], places: readonly string[]): string[] {
  const found = new Map<string, string>()
  for (const names = [...first]; names.length > 0;) {
    const name = names.pop()!
    const directory = places.map(place => join(place, name)).find(existsSync)
    if (directory === undefined || found.has(name)) continue
    found.set(name, directory)
    const { dependencies = {}, optionalDependencies = {} } = manifestOf(directory)
    names.push(...Object.keys(dependencies), ...Object.keys(optionalDependencies))
  }
  return [...found.values()]
}
