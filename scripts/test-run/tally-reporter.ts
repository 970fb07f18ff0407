import { writeFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'
import { sum, TALLY_FILE, type FailedCase, type Tally } from './tally.ts'

/**
 * Writes what vitest found as a `Tally`, with the name and the error of each failure. A file that could not be loaded is one. A skipped case says why, by
 * `context.skip('reason')` or with `(skipped: reason)` in its name or its suite's; one that does not is a failure: nobody
 * could tell it from a test that was forgotten.
 */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly { readonly message?: string }[]): void {
    const file = process.env[TALLY_FILE]
    if (!file) return
    const unhandled = unhandledErrors.map(each => ({ name: 'an error outside any test', error: firstLines([each]) }))
    const tally = sum([
      tallyModules(modules),
      { passed: 0, failed: unhandled.length, skipped: [], failures: unhandled },
    ])
    writeFileSync(file, JSON.stringify(tally))
  }
}

const REASON_IN_NAME = / ?\(skipped: (.+)\)/

function tallyModules(modules: readonly TestModule[]): Tally {
  let passed = 0
  let failed = 0
  const skipped = []
  const failures: FailedCase[] = []
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
        const error =
          result.state === 'skipped' ? "Skipped without a reason. Call context.skip('why')." : firstLines(result.errors)
        failures.push({ name, error })
      }
    }
    if (module.state() === 'failed' && failed === failedBefore) {
      failed += 1
      failures.push({ name: module.relativeModuleId, error: firstLines(module.errors()) })
    }
  }
  return { passed, failed, skipped, failures }
}

const ERROR_LINES = 8

function firstLines(errors: readonly { readonly message?: string }[] | undefined): string {
  const messages = (errors ?? []).map(each => each.message ?? 'an error without a message')
  return messages.join('\n').split('\n').slice(0, ERROR_LINES).join('\n')
}
