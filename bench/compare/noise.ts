import { systemClock } from '@millrace/core'
import { machineTime, type MachineTime } from './processes.ts'

/** Until the compiler has done its work, the loop takes longer. */
const WARM_UP_LOOPS = 20
/** The own processes are quiet when they use less than that share of a processor for two periods. */
const QUIET = { share: 0.05, periodMs: 250, limitMs: 15_000 }

/** A run counts as noisy above any of these. */
const LIMITS = { steal: 0.02, foreign: 0.15, slowdown: 1.15 }

export interface Noise {
  /** Processors that the hypervisor gave to others on average. */
  readonly steal: number
  /** Processors that other programs kept busy on average. */
  readonly foreign: number
  /** How much longer the calibration loop took than the fastest one so far. */
  readonly slowdown: number
  /** Whether the run proves nothing about speed. */
  readonly noisy: boolean
  /** So few commits had the input that the rate says little. */
  readonly tooShort?: boolean
}

/** Why a run proves nothing; empty where it does. */
export function noiseText({ noisy, tooShort, foreign, steal, slowdown }: Noise): string {
  if (!noisy) return ''
  if (tooShort) return ' (too short: fewer than five commits; raise --scale)'
  return ` (noisy: ${foreign.toFixed(2)} processors busy with other work, ${steal.toFixed(2)} stolen, calibration ${slowdown.toFixed(2)} times as long)`
}

/** Watches what else the machine does during a run. */
export class NoiseMeter {
  #fastest = Number.POSITIVE_INFINITY
  #isWarm = false
  readonly #machineTime: () => MachineTime | undefined
  readonly #sleep: (ms: number) => Promise<unknown>

  readonly #loop: () => number

  constructor({
    machineTime: time = machineTime,
    sleep = (ms: number) => systemClock.sleep(ms),
    loop = calibrationLoop,
  } = {}) {
    this.#loop = loop
    this.#machineTime = time
    this.#sleep = sleep
  }

  /** The fastest calibration loop so far, in milliseconds. */
  get fastestLoopMs(): number {
    return this.#fastest
  }

  /**
   * Runs something that ends its processes itself. The calibration loops before and after it wait until the own processes are quiet, the
   * broker above all: two processors may be one core, on which the loop takes up to twice as long while the other one works.
   */
  async around<T>(run: () => Promise<T>): Promise<{ readonly result: T; readonly noise: Noise }> {
    const loopBefore = await this.#calibrateInQuiet()
    const began = performance.now()
    const before = this.#machineTime()
    const result = await run()
    const { steal, foreign } = shares(before, this.#machineTime(), (performance.now() - began) * 1000)
    const slowdown = Math.max(loopBefore, await this.#calibrateInQuiet()) / this.#fastest
    const noisy = steal > LIMITS.steal || foreign > LIMITS.foreign || slowdown > LIMITS.slowdown
    return { result, noise: { steal, foreign, slowdown, noisy } }
  }

  async #calibrateInQuiet(): Promise<number> {
    await this.#ownProcessesAreQuiet()
    return this.calibrate()
  }

  async #ownProcessesAreQuiet(): Promise<void> {
    let before = this.#machineTime()
    for (let waited = 0, quiet = 0; waited < QUIET.limitMs && quiet < 2; waited += QUIET.periodMs) {
      await this.#sleep(QUIET.periodMs)
      const now = this.#machineTime()
      if (before === undefined || now === undefined) return
      quiet = now.ownMicros - before.ownMicros < QUIET.share * QUIET.periodMs * 1000 ? quiet + 1 : 0
      before = now
    }
  }

  /** The median of five loops, in milliseconds. */
  calibrate(): number {
    if (!this.#isWarm) for (let loop = 0; loop < WARM_UP_LOOPS; loop++) this.#loop()
    this.#isWarm = true
    const times = Array.from({ length: 5 }, this.#loop).sort((a, b) => a - b)
    this.#fastest = Math.min(this.#fastest, times[2]!)
    return times[2]!
  }
}

function shares(before: MachineTime | undefined, after: MachineTime | undefined, elapsedMicros: number) {
  if (before === undefined || after === undefined) return { steal: 0, foreign: 0 }
  const busy = after.busyMicros - before.busyMicros
  const own = after.ownMicros - before.ownMicros
  return {
    steal: (after.stealMicros - before.stealMicros) / elapsedMicros,
    foreign: Math.max(0, busy - own) / elapsedMicros,
  }
}

/** Fixed work of the kind that the workloads do: JSON, strings, a map, bytes. @returns milliseconds */
export function calibrationLoop(): number {
  const began = performance.now()
  const counts = new Map<string, number>()
  const bytes = Buffer.alloc(256)
  for (let i = 0; i < 60_000; i++) {
    const text = `{"user":"user-${i % 5_000}","page":"page-${i % 1_000}","ms":${i % 4_999}}`
    const { user, ms } = JSON.parse(text) as { readonly user: string; readonly ms: number }
    counts.set(user, (counts.get(user) ?? 0) + ms)
    bytes.write(text, 'latin1')
  }
  if (counts.size !== 5_000) throw new Error('the calibration loop is wrong')
  return performance.now() - began
}
