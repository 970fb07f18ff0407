import type { SimulationCase } from './simulation-case.ts'

/** This many runs are spent on making a case smaller. */
const MOST_RUNS = 150

/**
 * A smaller case that still fails: fewer troubles, faults, records and processes, found by leaving out halves, then quarters,
 * and so on, of each list.
 */
export async function shrinkCase(
  setting: SimulationCase,
  fails: (smaller: SimulationCase) => Promise<boolean>,
): Promise<SimulationCase> {
  let best = setting
  let runs = 0
  const attempt = async (smaller: SimulationCase): Promise<boolean> => {
    if (runs++ >= MOST_RUNS || !(await fails(smaller))) return false
    best = smaller
    return true
  }
  const without = async <T>(list: () => readonly T[], put: (shorter: readonly T[]) => SimulationCase) => {
    for (let size = list().length; size >= 1; size = Math.floor(size / 2)) {
      for (let start = 0; start < list().length && runs < MOST_RUNS;) {
        const shorter = [...list().slice(0, start), ...list().slice(start + size)]
        if (!(await attempt(put(shorter)))) start += size
      }
    }
  }

  await attempt({ ...best, faults: [] })
  await without(
    () => best.troubles,
    troubles => ({ ...best, troubles }),
  )
  const scheduled = () => (best.faults === 'drawn' ? [] : best.faults)
  await without(scheduled, faults => ({ ...best, faults }))
  while ((best.threads ?? 1) > 1 && (await attempt({ ...best, threads: best.threads! - 1 })));
  while (best.processes > 1 && (await attempt({ ...best, processes: best.processes - 1 })));
  await without(
    () => best.records,
    records => ({ ...best, records }),
  )
  await attempt({ ...best, records: best.records.map(record => ({ ...record, slowMs: 0 })) })
  return best
}
