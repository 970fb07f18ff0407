// The test command: every step of test-run/steps.ts, to the end even when one fails, and one line that sums them up.
//   npm test                                          everything
//   npm test -- --only types,unit                     some steps
//   npm test -- --only unit packages/core             one step of vitest, filtered by file
import { parseArgs } from 'node:util'
import { runStep, type StepResult } from './test-run/run-step.ts'
import { STEPS, type Step } from './test-run/steps.ts'
import { Surroundings, type Missing } from './test-run/surroundings.ts'
import { sum, summaryLine, type Tally } from './test-run/tally.ts'

const { values, positionals } = parseArgs({
  options: { only: { type: 'string' }, list: { type: 'boolean', default: false } },
  allowPositionals: true,
})

const names = values.only?.split(',') ?? STEPS.map(step => step.name)
const unknown = names.filter(name => !STEPS.some(step => step.name === name))

if (values.list || unknown.length > 0) {
  if (unknown.length > 0) console.error(`There is no step ${unknown.join(', ')}. The steps are:`)
  for (const step of STEPS) console.log(`${step.name.padEnd(12)} ${step.what}`)
  process.exitCode = unknown.length > 0 ? 2 : 0
} else {
  await runSteps(names)
}

async function runSteps(chosen: readonly string[]): Promise<void> {
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort())
  const results = await resultsOf(
    STEPS.filter(step => chosen.includes(step.name)),
    interrupted.signal,
  )

  const total = sum(results.map(each => each.tally))
  console.log('')
  for (const each of total.skipped) console.log(`skipped: ${each.name}: ${each.reason}`)
  // After the skipped ones: who is shown only the end of a long log must see what failed, and why.
  for (const each of results.filter(result => result.tally.failed > 0)) {
    console.log(`failed: ${each.step.name}`)
    for (const { name, error } of each.tally.failures ?? []) console.log(indent(`${name}\n${indent(error)}`))
  }
  if (interrupted.signal.aborted) console.log('Interrupted: not all steps have run.')
  console.log(summaryLine(total))
  process.exitCode = total.failed > 0 || interrupted.signal.aborted ? 1 : 0
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}

async function resultsOf(steps: readonly Step[], signal: AbortSignal): Promise<StepResult[]> {
  await using surroundings = new Surroundings()
  const results: StepResult[] = []
  for (const step of steps) {
    if (signal.aborted) break
    if (step.isVitest) console.log(`\n${step.name}: ${step.what}`)
    const missing = step.needs && (await surroundings.missing(step.needs))
    const result = missing ? notRun(step, missing) : await runStep(step, positionals, signal)
    results.push(result)
    if (result.tally.failed > 0 && result.output) console.log(`\n${result.output.trimEnd()}`)
    console.log(resultLine(result))
  }
  return results
}

function notRun(step: Step, { reason, maySkip }: Missing): StepResult {
  const tally: Tally = maySkip
    ? { passed: 0, failed: 0, skipped: [{ name: `all of ${step.name}`, reason }] }
    : { passed: 0, failed: 1, skipped: [] }
  return { step, tally, seconds: 0, output: reason }
}

function resultLine({ step, tally, seconds }: StepResult): string {
  const mark = tally.failed > 0 ? '✗' : tally.passed > 0 ? '✓' : '-'
  return `${mark} ${step.name.padEnd(12)} ${seconds.toFixed(1).padStart(6)} s  ${step.isVitest ? summaryLine(tally) : step.what}`
}
