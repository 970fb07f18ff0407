import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryStore, type StoreBackend } from '@millrace/core'
import { rocksdb } from '@millrace/store-rocksdb'
import { storeConformance } from '@millrace/testing/conformance'
import { afterAll, describe, it, vi } from 'vitest'

const root = mkdtempSync(join(tmpdir(), 'millrace-stores-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

let directories = 0
const freshDirectory = (): string => join(root, String(++directories), '0_0')

const durable = rocksdb({ memoryBytes: 16 * 1024 * 1024 })
const withoutAddon: StoreBackend = {
  ...durable,
  name: 'rocksdb without its addon',
  async open(options) {
    vi.stubEnv('MILLRACE_ROCKSDB_ADDON', 'off')
    try {
      return await durable.open(options)
    } finally {
      vi.unstubAllEnvs()
    }
  },
}

describe.each([memoryStore(), durable, withoutAddon])('$name', backend => {
  for (const { name, requires, run } of storeConformance()) {
    const reason = requires?.(backend.capabilities)
    it.skipIf(reason)(reason === undefined ? name : `${name} (skipped: ${backend.name} ${reason})`, () =>
      run({ backend, freshDirectory }),
    )
  }
})
