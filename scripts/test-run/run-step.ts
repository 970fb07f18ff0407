import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { COMPILE_CACHE } from '../compile-cache.ts'
import type { Step } from './steps.ts'
import { TALLY_FILE, tallyOf, type Tally } from './tally.ts'

export interface StepResult {
  readonly step: Step
  readonly tally: Tally
  readonly seconds: number
  /** What a check printed; the output of vitest was shown already. */
  readonly output: string
}

/** How long a process group may take to end by itself. */
const GRACE_MS = 10_000

/** Runs one step in a process group of its own, ends what it left behind, and never rejects. */
export async function runStep(step: Step, filters: readonly string[], signal: AbortSignal): Promise<StepResult> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-test-'))
  const tallyFile = join(directory, 'tally.json')
  const started = performance.now()
  const child = spawn(
    process.execPath,
    step.isVitest ? [...step.args, ...(filters.length > 0 ? filters : (step.files ?? []))] : step.args,
    {
      stdio: step.isVitest ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      env: { ...COMPILE_CACHE, ...process.env, ...step.env, [TALLY_FILE]: tallyFile },
    },
  )
  const chunks: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => chunks.push(chunk))

  let insist: NodeJS.Timeout | undefined
  const stop = () => {
    endGroup(child, 'SIGTERM')
    insist ??= setTimeout(() => endGroup(child, 'SIGKILL'), GRACE_MS).unref()
  }
  const timer = setTimeout(() => {
    chunks.push(Buffer.from(`\n${step.name} was ended after ${step.limitMs / 1000} s\n`))
    stop()
  }, step.limitMs)
  signal.addEventListener('abort', stop)
  // What the step started and left behind ends with it; otherwise it would hold the output open.
  child.once('exit', stop)
  const status = await endOf(child)
  clearTimeout(timer)
  // The number of a group that is gone may soon be somebody else's.
  if (!endGroup(child, 'SIGTERM')) clearTimeout(insist)
  signal.removeEventListener('abort', stop)

  const own = readTally(tallyFile)
  rmSync(directory, { recursive: true })
  return {
    step,
    tally: tallyOf(status, step.isVitest && own === undefined ? NOTHING : own),
    seconds: (performance.now() - started) / 1000,
    output: Buffer.concat(chunks).toString(),
  }
}

/** A test run that wrote no tally has shown nothing, whatever its exit status. */
const NOTHING: Tally = { passed: 0, failed: 1, skipped: [] }

function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise(resolve => {
    child.once('error', () => resolve(null))
    child.once('close', status => resolve(status))
  })
}

/** False when nothing of the group is left. */
function endGroup(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): boolean {
  if (child.pid === undefined) return false
  try {
    return process.platform === 'win32' ? child.kill(signal) : process.kill(-child.pid, signal)
  } catch {
    return false
  }
}

function readTally(file: string): Tally | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Tally
  } catch {
    return undefined
  }
}
