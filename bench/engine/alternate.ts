/**
 * What a change costs on the hot path, by CPU time in alternating rounds of the engine bench, which the load of the machine disturbs little:
 *
 *   git worktree add /tmp/before COMMIT && (cd /tmp/before && npm install)
 *   npx node --conditions=millrace-source bench/engine/alternate.ts --before /tmp/before [--only count] [--records 300000] [--rounds 11]
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { EngineResult } from './run.ts'

const { values } = parseArgs({
  options: {
    before: { type: 'string' },
    only: { type: 'string', default: 'count' },
    records: { type: 'string', default: '300000' },
    rounds: { type: 'string', default: '11' },
  },
})
if (values.before === undefined) {
  console.error('--before is missing: a checkout of the commit to compare with, with its node_modules')
  process.exitCode = 2
} else {
  alternate(resolve(values.before), resolve('.'))
}

function alternate(before: string, after: string): void {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-alternate-'))
  const spent = { before: [] as number[], after: [] as number[] }
  try {
    for (let round = 0; round < Number(values.rounds); round++) {
      const sides = [['before', before] as const, ['after', after] as const]
      for (const [side, checkout] of round % 2 === 0 ? sides : sides.toReversed()) {
        spent[side].push(microseconds(checkout, join(directory, 'result.json')))
      }
      console.log(
        `round ${round + 1}: before ${spent.before.at(-1)!.toFixed(3)}, after ${spent.after.at(-1)!.toFixed(3)} µs of CPU for each record`,
      )
    }
  } finally {
    rmSync(directory, { recursive: true })
  }
  const [one, other] = [median(spent.before), median(spent.after)]
  const least = Math.min(...spent.after) / Math.min(...spent.before)
  console.log(
    `${values.only}: medians ${one.toFixed(3)} and ${other.toFixed(3)} µs: ${percent(other / one)}; of the least of each: ${percent(least)}`,
  )
}

function microseconds(checkout: string, file: string): number {
  const options = ['--engine', '--only', values.only, '--records', values.records, '--json', file]
  const node = ['--conditions=millrace-source', 'bench/run.ts', ...options]
  rmSync(file, { force: true })
  // Its status is 1 where the machine does not reach the goal, which is not the question here.
  spawnSync(process.execPath, node, { cwd: checkout, stdio: ['ignore', 'ignore', 'inherit'] })
  // Before the comparison had workloads, the results of the engine were one of two parts.
  const written = JSON.parse(readFileSync(file, 'utf8')) as
    | readonly EngineResult[]
    | { readonly engine: readonly EngineResult[] }
  const [result] = 'engine' in written ? written.engine : written
  return result!.cpuMicrosecondsPerRecord
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

function percent(ratio: number): string {
  return `${ratio >= 1 ? '+' : ''}${((ratio - 1) * 100).toFixed(1)} %`
}
