// Writes the archives of all packages that would be published: npm run pack -- --out DIRECTORY
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { buildPackages } from './packages/build-packages.ts'
import { pack, stagePackages } from './packages/stage-packages.ts'

const { values } = parseArgs({ options: { out: { type: 'string' } } })
if (values.out === undefined) {
  console.error('npm run pack -- --out DIRECTORY')
  process.exitCode = 2
} else {
  const out = resolve(values.out)
  mkdirSync(out, { recursive: true })
  const staging = mkdtempSync(join(tmpdir(), 'millrace-pack-'))
  try {
    buildPackages(resolve('.'))
    for (const staged of stagePackages(resolve('.'), staging)) console.log(pack(staged, out))
  } finally {
    rmSync(staging, { recursive: true })
  }
}
