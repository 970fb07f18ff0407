import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import type { Profiler } from 'node:inspector'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { idleShare, type ProfiledFunction, topFunctions } from '../engine/profile.ts'
import { millraceCommand } from './contenders.ts'
import type { Lab } from './lab.ts'
import { measureRestore } from './restore.ts'
import { measureThroughput } from './throughput.ts'
import type { Workload } from './workload.ts'

export interface ProfiledRun {
  /** Of the thread that processes, from the start of the process to its end, 0 to 1. */
  readonly idle: number
  readonly top: readonly ProfiledFunction[]
}

const FUNCTIONS = 10

/**
 * Where the main thread of Millrace spends its time: one more run, under V8's sampling profiler, that counts for nothing else.
 * @returns undefined for latency and footprint, where the thread mostly waits
 */
export async function profiledRun(lab: Lab, workload: Workload): Promise<ProfiledRun | undefined> {
  if (workload.kind !== 'throughput' && workload.kind !== 'restore') return undefined
  const directory = await mkdtemp(join(tmpdir(), 'millrace-bench-profile-'))
  const contender = {
    name: 'millrace' as const,
    command: millraceCommand('kafka', ['--cpu-prof', '--cpu-prof-dir', directory, '--cpu-prof-interval', '500']),
  }
  try {
    if (workload.kind === 'throughput') await measureThroughput(lab, workload, contender)
    else await measureRestore(lab, workload, contender)
    const [file] = await readdir(directory)
    if (file === undefined) throw new Error(`${workload.id}: Millrace has left no profile`)
    const profile = JSON.parse(await readFile(join(directory, file), 'utf8')) as Profiler.Profile
    const records =
      workload.kind === 'throughput'
        ? Object.values(workload.inputs).reduce((sum, spec) => sum + lab.records(spec.records), 0)
        : lab.records(workload.records)
    return { idle: idleShare(profile), top: topFunctions(profile, records, FUNCTIONS) }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
