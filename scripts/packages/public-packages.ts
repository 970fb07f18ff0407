import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface PublicPackage {
  /** Absolute. */
  readonly directory: string
  readonly name: string
  readonly version: string
  /** What a user may write after `from`. */
  readonly entries: readonly string[]
  /** Names of what is installed with it. */
  readonly dependencies: readonly string[]
}

interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly exports?: Readonly<Record<string, unknown>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** The packages of this repository that are published. */
export function publicPackages(root: string): PublicPackage[] {
  return readdirSync(join(root, 'packages'))
    .map(folder => join(root, 'packages', folder))
    .map(directory => ({
      directory,
      manifest: JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest,
    }))
    .filter(({ manifest }) => !manifest.private)
    .map(({ directory, manifest }) => ({
      directory,
      name: manifest.name,
      version: manifest.version,
      entries: Object.keys(manifest.exports ?? {})
        .filter(entry => !entry.endsWith('.json'))
        .map(entry => manifest.name + entry.slice(1)),
      dependencies: Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }),
    }))
}
