import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ADDON, compileAddon } from './rocksdb-addon.ts'
import { platformPackageName, ROCKSDB_PLATFORMS, type RocksdbPlatform } from './rocksdb-platforms.ts'

const BINDING = 'rocksdb-native'

interface Manifest {
  readonly version: string
  readonly license: string
  readonly dependencies: Readonly<Record<string, string>>
  readonly imports?: Readonly<Record<string, string>>
}

/**
 * Makes the copy of `@millrace/store-rocksdb` at `directory` independent of `rocksdb-native`, whose package carries the binaries of
 * thirteen platforms (161 MB): its JavaScript goes to `native/`, and its binaries become one optional package per platform, of
 * which npm installs the one that fits.
 */
export function detachFromBinding(root: string, directory: string): void {
  const source = join(root, 'node_modules', BINDING)
  const binding = readManifest(source)
  const target = join(directory, 'native')
  mkdirSync(target)
  for (const name of ['index.js', 'lib', 'LICENSE']) cpSync(join(source, name), join(target, name), { recursive: true })
  writeFileSync(join(target, 'package.json'), JSON.stringify({ type: 'commonjs' }))
  writeFileSync(join(target, 'binding.js'), LOADER)

  const path = join(directory, 'package.json')
  const manifest = readManifest(directory)
  const { [BINDING]: _detached, ...dependencies } = manifest.dependencies
  const { 'require-addon': _loader, ...bindingDependencies } = binding.dependencies
  const optionalDependencies = Object.fromEntries(
    ROCKSDB_PLATFORMS.map(platform => [platformPackageName(platform), manifest.version]),
  )
  const detached = {
    ...manifest,
    imports: { ...manifest.imports, '#rocksdb-native': './native/index.js' },
    dependencies: { ...dependencies, ...bindingDependencies },
    optionalDependencies,
  }
  writeFileSync(path, `${JSON.stringify(detached, null, 2)}\n`)
}

/** Writes the package with the binaries of one platform to `directory`: RocksDB, and the addon where it can be compiled. */
export function writePlatformPackage(
  root: string,
  platform: RocksdbPlatform,
  version: string,
  directory: string,
): void {
  const source = join(root, 'node_modules', BINDING)
  const binding = readManifest(source)
  mkdirSync(directory, { recursive: true })
  cpSync(join(source, 'prebuilds', platform.name, `${BINDING}.node`), join(directory, `${BINDING}.node`))
  cpSync(join(source, 'LICENSE'), join(directory, 'LICENSE'))
  const withoutAddon = compileAddon(root, platform, join(directory, ADDON))
  if (withoutAddon !== undefined) console.log(`${platformPackageName(platform)} has no addon: ${withoutAddon}`)
  const { name, os, cpu, libc } = platform
  const manifest = {
    name: platformPackageName(platform),
    version,
    description: `The binary of ${BINDING} ${binding.version} for ${name}.`,
    license: binding.license,
    main: `${BINDING}.node`,
    files: [`${BINDING}.node`, ...(withoutAddon === undefined ? [ADDON] : [])],
    os: [os],
    cpu: [cpu],
    ...(libc === undefined ? {} : { libc: [libc] }),
  }
  writeFileSync(join(directory, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  writeFileSync(
    join(directory, 'README.md'),
    `# ${manifest.name}\n\nThe binary of ${BINDING} ${binding.version} for ${name}. \`@millrace/store-rocksdb\` installs it where it fits.\n`,
  )
}

function readManifest(directory: string): Manifest {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest
}

/**
 * Takes the place of rocksdb-native's own `binding.js`, which looks for the binary inside its package. It makes a `require` of its own,
 * which a bundler leaves alone: the binary stays in node_modules. A bundle in ESM has no `__filename`.
 */
const LOADER = `'use strict'
const { createRequire } = require('node:module')
const { join } = require('node:path')
const name = \`@millrace/rocksdb-\${process.platform}-\${process.arch}\`
const from = typeof __filename === 'string' ? __filename : (process.argv[1] ?? join(process.cwd(), 'index.js'))
try {
  module.exports = createRequire(from)(name)
} catch (error) {
  if (error.code !== 'MODULE_NOT_FOUND') throw error
  throw new Error(\`the package \${name} is not installed: npm skips it with --omit=optional, and where it does not fit\`)
}
`
