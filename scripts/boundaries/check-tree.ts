import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { findCycles } from './find-cycles.ts'
import { readImports, type Import } from './read-imports.ts'
import { FLOORS, MAY_REACH_IN, mayDependOn, tierOf } from './tiers.ts'

/** The part of a package.json that the rules read. */
interface Manifest {
  readonly name: string
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  /** Names of the package's own, each beginning with `#`. */
  readonly imports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

interface Package {
  /** Absolute. */
  readonly directory: string
  readonly folder: string
  readonly manifest: Manifest
  /** What the published code may import: dependencies, peers and optional ones. */
  readonly declared: ReadonlySet<string>
}

/** Folders beside `packages/` whose files follow the rules on imports between packages. */
const OUTSIDE = ['examples', 'test', 'bench', 'scripts']

/**
 * Checks the direction of dependencies of a tree that is laid out like this repository. Gives one sentence for each
 * violation, beginning with the file and line; an empty list when all is well.
 */
export function checkTree(root: string): string[] {
  const packages = readPackages(root)
  const byName = new Map(packages.map(each => [each.manifest.name, each]))
  const violations = packages.flatMap(each => checkManifest(root, each, byName))
  const edges = new Map<string, Set<string>>()

  for (const file of sourceFiles(root)) {
    const owner = packages.find(each => file.startsWith(each.directory + sep))
    const targets = new Set<string>()
    edges.set(relative(root, file), targets)
    const reachesIn = MAY_REACH_IN.some(folder => file.startsWith(join(root, folder) + sep))
    for (const found of readImports(file, readFileSync(file, 'utf8'))) {
      const free = reachesIn && found.specifier.startsWith('.')
      const problem = free ? undefined : checkImport(file, found, owner, byName)
      if (problem) violations.push(`${relative(root, file)}:${found.line} ${problem}`)
      const target = found.isValue ? resolveImport(file, found.specifier, byName) : undefined
      if (target) targets.add(relative(root, target))
    }
  }
  for (const cycle of findCycles(edges)) {
    violations.push(
      `${cycle[0]}:1 is in a cycle of value imports: ${cycle.join(', ')}. Move what they share into a file of its own.`,
    )
  }
  return violations
}

function checkManifest(root: string, own: Package, byName: ReadonlyMap<string, Package>): string[] {
  const tier = tierOf(own.folder)
  const file = relative(root, join(own.directory, 'package.json'))
  return [...own.declared].flatMap(name => {
    const target = byName.get(name)
    if (tier.bare && !isTypesOnly(name))
      return [`${file}:1 ${own.manifest.name} must have no dependencies, and has ${name}.`]
    if (target && !mayDependOn(tier, target.folder))
      return [`${file}:1 ${own.manifest.name} must not depend on ${name}: see scripts/boundaries/tiers.ts.`]
    return []
  })
}

function checkImport(
  file: string,
  { specifier }: Import,
  own: Package | undefined,
  byName: ReadonlyMap<string, Package>,
): string | undefined {
  if (specifier.startsWith('.')) return checkRelative(file, specifier, own, [...byName.values()])

  const isTest = isTestFile(file)
  if (isBuiltin(specifier)) {
    return own && !isTest && tierOf(own.folder).bare
      ? `${own.manifest.name} must run anywhere: it must not import ${specifier}.`
      : undefined
  }
  const leadsTo = ownName(specifier, own) ?? specifier
  if (leadsTo.startsWith('.')) return undefined
  const name = packageName(leadsTo)
  const target = byName.get(name)
  if (target && !entryOf(target, specifier))
    return `${specifier} is not an entry of ${name}: import what its package.json exports.`
  // Tests are not published: they may use any public entry of the repository, and the root's devDependencies.
  if (!own || isTest || name === own.manifest.name) return undefined
  return own.declared.has(name)
    ? undefined
    : `${own.manifest.name} imports ${name}, which its package.json does not declare.`
}

function checkRelative(
  file: string,
  specifier: string,
  own: Package | undefined,
  packages: readonly Package[],
): string | undefined {
  const target = resolve(dirname(file), specifier)
  if (own && !target.startsWith(own.directory + sep))
    return `${specifier} leaves the package: import the other package by name.`
  const other = packages.find(each => each !== own && target.startsWith(each.directory + sep))
  if (other) return `${specifier} reaches into ${other.manifest.name}: import it by name.`
  return own && !isTestFile(file) ? checkFloors(file, target, own) : undefined
}

/** Within a package whose folders are floors. */
function checkFloors(file: string, target: string, own: Package): string | undefined {
  const floors = FLOORS[own.folder]
  if (floors === undefined) return undefined
  const folderOf = (path: string) => relative(join(own.directory, 'src'), path).split(sep)
  const heightOf = (path: string) => {
    const [first, ...below] = folderOf(path)
    if (below.length === 0) return first === 'index.ts' ? floors.length : -1
    const floor = floors.indexOf(first!)
    return floor < 0 ? undefined : floors.length - 1 - floor
  }
  const [from, to] = [heightOf(file), heightOf(target)]
  if (from === undefined || to === undefined)
    return `${folderOf(from === undefined ? file : target)[0]} is no floor of ${own.manifest.name}: add it to scripts/boundaries/tiers.ts.`
  return to > from
    ? `${relative(dirname(file), target)} is on a floor above: see scripts/boundaries/tiers.ts.`
    : undefined
}

function isTestFile(file: string): boolean {
  return /\.(test|test-d|fixture)\.ts$/.test(file)
}

/** The file that an import runs, where it is one of the tree. */
function resolveImport(file: string, specifier: string, byName: ReadonlyMap<string, Package>): string | undefined {
  if (specifier.startsWith('.')) return resolve(dirname(file), specifier)
  const target = byName.get(packageName(specifier))
  return target && entryOf(target, specifier)
}

/** The source file behind a package's entry, if the package exports that entry. */
function entryOf(target: Package, specifier: string): string | undefined {
  const entry = target.manifest.exports?.[`.${specifier.slice(target.manifest.name.length)}`]
  if (entry === undefined) return undefined
  return resolve(
    target.directory,
    typeof entry === 'string' ? entry : (entry['millrace-source'] ?? entry['default'] ?? ''),
  )
}

/** What an import that begins with `#` leads to in this repository. */
function ownName(specifier: string, own: Package | undefined): string | undefined {
  const entry = specifier.startsWith('#') ? own?.manifest.imports?.[specifier] : undefined
  return typeof entry === 'object' ? (entry['millrace-source'] ?? entry['default']) : entry
}

/** Types cost nothing at runtime. */
function isTypesOnly(name: string): boolean {
  return name.startsWith('@types/')
}

function packageName(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith('node:') || builtinModules.includes(specifier)
}

function readPackages(root: string): Package[] {
  const parent = join(root, 'packages')
  return readdirSync(parent)
    .filter(folder => existsSync(join(parent, folder, 'package.json')))
    .map(folder => {
      const directory = join(parent, folder)
      const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest
      const declared = { ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies }
      return { directory, folder, manifest, declared: new Set(Object.keys(declared)) }
    })
}

function sourceFiles(root: string): string[] {
  return ['packages', ...OUTSIDE]
    .map(folder => join(root, folder))
    .filter(folder => existsSync(folder))
    .flatMap(folder => readdirSync(folder, { recursive: true, withFileTypes: true }))
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
    .map(entry => join(entry.parentPath, entry.name))
    .filter(file => !/[\\/](node_modules|dist|target)[\\/]/.test(file))
    .toSorted()
}
