/**
 * What a change costs on the hot path, by CPU time in alternating rounds of the engine bench, which the load of the machine disturbs little:
 *
 *   git worktree add /tmp/before COMMIT && (cd /tmp/before && npm install)
 *   npx node --conditions=millrace-source bench/engine/alternate.ts --before /tmp/before [--only count] [--records 300000] [--rounds 11]
 *
 * `--only` is a job of the engine, or a workload of `bench/workloads/`, of whose records `--scale` takes a part. Commits
 * before the comparison had workloads know no scale.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { median, percent } from './ratios.ts'
import type { EngineResult } from './run.ts'

const { values } = parseArgs({
  options: {
    before: { type: 'string' },
    only: { type: 'string', default: 'count' },
    records: { type: 'string', default: '300000' },
    scale: { type: 'string' },
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
  const spent = { before: [] as Spent[], after: [] as Spent[] }
  try {
    for (let round = 0; round < Number(values.rounds); round++) {
      const sides = [['before', before] as const, ['after', after] as const]
      for (const [name, checkout] of round % 2 === 0 ? sides : sides.toReversed()) {
        spent[name].push(spentBy(checkout, join(directory, 'result.json')))
      }
      console.log(`round ${round + 1}: before ${show(spent.before.at(-1)!)}, after ${show(spent.after.at(-1)!)}`)
    }
  } finally {
    rmSync(directory, { recursive: true })
  }
  for (const [of, name] of [
    ['all', 'all threads'],
    ['thread', 'the thread that processes'],
  ] as const) {
    const [one, other] = [spent.before.map(round => round[of]), spent.after.map(round => round[of])]
    const change = `${percent(median(other) / median(one))}; of the least of each: ${percent(Math.min(...other) / Math.min(...one))}`
    console.log(
      `${values.only}, ${name}: medians ${median(one).toFixed(3)} and ${median(other).toFixed(3)} µs: ${change}`,
    )
  }
}

/** µs of CPU for each record. */
interface Spent {
  readonly all: number
  readonly thread: number
}

function show({ all, thread }: Spent): string {
  return `${all.toFixed(3)} µs of CPU for each record (${thread.toFixed(3)})`
}

function spentBy(checkout: string, file: string): Spent {
  const { only, records, scale } = values
  const part = scale === undefined ? [] : ['--scale', scale]
  const options = ['--engine', '--only', only, '--records', records, ...part, '--json', file]
  const node = ['--conditions=millrace-source', 'bench/run.ts', ...options]
  rmSync(file, { force: true })
  // Its status is 1 where the machine does not reach the goal, which is not the question here.
  spawnSync(process.execPath, node, { cwd: checkout, stdio: ['ignore', 'ignore', 'inherit'] })
  // Before the comparison had workloads, the results of the engine were one of two parts.
  const written = JSON.parse(readFileSync(file, 'utf8')) as
    | readonly EngineResult[]
    | { readonly engine: readonly EngineResult[] }
  const [result] = 'engine' in written ? written.engine : written
  // Undefined there.
  const { threadMicrosecondsPerRecord: thread = Number.NaN } = result as Partial<EngineResult>
  return { all: result!.cpuMicrosecondsPerRecord, thread }
}
