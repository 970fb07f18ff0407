// Compiles packages/store-rocksdb/addon/packed-batches.c: for this machine, and for other platforms where a cross compiler is installed.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { isThisPlatform, type RocksdbPlatform } from './rocksdb-platforms.ts'

export const ADDON = 'packed-batches.node'

/** Compilers of other platforms, by the name of the platform: Debian's packages `gcc-x86-64-linux-gnu` and `gcc-aarch64-linux-gnu`. */
const CROSS_COMPILERS: Readonly<Record<string, string>> = {
  'linux-x64': 'x86_64-linux-gnu-gcc',
  'linux-arm64': 'aarch64-linux-gnu-gcc',
}
/** Node's functions are those of the process that loads the addon. */
const FLAGS = ['-std=c11', '-O2', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-fvisibility=hidden', '-s']

/** Where the addon of this machine is in the repository. */
export function addonOf(root: string): string {
  return join(root, 'packages/store-rocksdb/addon', ADDON)
}

/**
 * Compiles the addon for a platform. Only Linux has one: on Windows the binary of rocksdb-native does not export what the addon calls, and on
 * macOS nobody has tried it.
 *
 * @returns why there is none, or undefined
 * @throws what the compiler says
 */
export function compileAddon(root: string, platform: RocksdbPlatform, target: string): string | undefined {
  if (platform.os !== 'linux') return `the addon is for Linux, and this is ${platform.name}`
  const compiler = isThisPlatform(platform) ? (process.env['CC'] ?? 'cc') : CROSS_COMPILERS[platform.name]
  if (compiler === undefined || spawnSync(compiler, ['--version']).status !== 0)
    return `there is no compiler for ${platform.name}${compiler === undefined ? '' : ` (${compiler})`}`
  const headers = nodeHeaders(root)
  if (headers === undefined) return 'the headers of Node.js are not installed'
  const source = join(root, 'packages/store-rocksdb/addon/packed-batches.c')
  execFileSync(compiler, [...FLAGS, '-I', headers, source, '-o', target], { stdio: 'inherit' })
  return undefined
}

/** Of the npm package `node`, which scripts run on; they do not depend on the platform. */
function nodeHeaders(root: string): string | undefined {
  const load = createRequire(join(root, 'package.json'))
  const node = dirname(load.resolve('node/package.json'))
  const headers = join(
    dirname(createRequire(join(node, 'package.json')).resolve(`node-${process.platform}-${process.arch}/package.json`)),
    'include/node',
  )
  return existsSync(join(headers, 'node_api.h')) ? headers : undefined
}
