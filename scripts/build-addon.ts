// Compiles the addon of the RocksDB store for this machine; `npm install` runs it in the repository. Without a compiler there is none, and
// batches are passed to RocksDB operation by operation.
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { addonOf, compileAddon } from './packages/rocksdb-addon.ts'
import { isThisPlatform, ROCKSDB_PLATFORMS, type RocksdbPlatform } from './packages/rocksdb-platforms.ts'

const root = resolve('.')
const platform = ROCKSDB_PLATFORMS.find(isThisPlatform)
const why = platform === undefined ? 'RocksDB is not there for this platform' : compiled(platform)
if (why === undefined) console.log(`compiled ${addonOf('.')}, ${statSync(addonOf(root)).size} bytes`)
else console.log(`no addon for the RocksDB store: ${why}. It works without one, and slower.`)

/** What the compiler says has been printed: an installation does not fail for it. */
function compiled(on: RocksdbPlatform): string | undefined {
  try {
    return compileAddon(root, on, addonOf(root))
  } catch (error) {
    return String(error)
  }
}
