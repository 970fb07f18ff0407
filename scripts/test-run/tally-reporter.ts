import { writeFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'
import { TALLY_FILE, type Tally } from './tally.ts'

/**
 * Writes what vitest found as a `Tally`. A file that could not be loaded is one failure. A skipped case says why, by
 * `context.skip('reason')` or with `(skipped: reason)` in its name or its suite's; one that does not is a failure: nobody
 * could tell it from a test that was forgotten.
 */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const tally = tallyModules(modules)
    const file = process.env[TALLY_FILE]
    if (file) writeFileSync(file, JSON.stringify({ ...tally, failed: tally.failed + unhandledErrors.length }))
  }
}

const REASON_IN_NAME = / ?\(skipped: (.+)\)/

function tallyModules(modules: readonly TestModule[]): Tally {
  let passed = 0
  let failed = 0
  const skipped = []
  for (const module of modules) {
    const cases = [...module.children.allTests()]
    const failedBefore = failed
    for (const each of cases) {
      const result = each.result()
      const name = `${module.relativeModuleId}: ${each.fullName}`
      const reasonInName = REASON_IN_NAME.exec(each.fullName)?.[1]
      const reason = result.state === 'skipped' ? (result.note ?? reasonInName) : undefined
      if (result.state === 'passed') passed += 1
      else if (reason !== undefined) skipped.push({ name: name.replace(REASON_IN_NAME, ''), reason })
      else {
        failed += 1
        if (result.state === 'skipped') console.error(`Skipped without a reason: ${name}. Call context.skip('why').`)
      }
    }
    if (module.state() === 'failed' && failed === failedBefore) failed += 1
  }
  return { passed, failed, skipped }
}
