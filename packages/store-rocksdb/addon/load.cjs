'use strict'
// Finds the addon of packed-batches.c and the binary of RocksDB whose functions it calls. Exports the addon; undefined where there is none for
// this platform, or where its layouts are of another version of rocksdb-native.
const { existsSync } = require('node:fs')
const { createRequire } = require('node:module')
const { dirname, join } = require('node:path')

/** What packed-batches.c has been written and tested for. */
const VERSION = '3.18.1'
const HOST = `${process.platform}-${process.arch}`

// A `require` of its own, which a bundler leaves alone: binaries stay in node_modules. A bundle in ESM has no `__filename`.
const here = typeof __filename === 'string' ? __filename : (process.argv[1] ?? join(process.cwd(), 'index.js'))
const load = createRequire(here)

/** In an installation both binaries are in the package of the platform, which was made of one version. */
function installed() {
  const addon = load.resolve(`@millrace/rocksdb-${HOST}/packed-batches.node`)
  return { addon, library: load.resolve(`@millrace/rocksdb-${HOST}`) }
}

/** In the repository the addon is where scripts/build-addon.ts has put it. */
function built() {
  const addon = join(dirname(here), 'packed-batches.node')
  if (!existsSync(addon)) return undefined
  const binding = dirname(load.resolve('rocksdb-native'))
  if (load(join(binding, 'package.json')).version !== VERSION) return undefined
  return { addon, library: join(binding, 'prebuilds', HOST, 'rocksdb-native.node') }
}

function find() {
  for (const place of [built, installed]) {
    try {
      const found = place()
      if (found === undefined) continue
      const addon = load(found.addon)
      if (addon.connect(found.library)) return addon
    } catch {
      // Not here, or not for this platform: batches are then passed operation by operation.
    }
  }
  return undefined
}

module.exports = find()
