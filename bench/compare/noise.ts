import { machineTime, type MachineTime } from './processes.ts'

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
  /** The whole input was in one commit. */
  readonly tooShort?: boolean
}

/** Watches what else the machine does during a run. */
export class NoiseMeter {
  #fastest = Number.POSITIVE_INFINITY

  /** The fastest calibration loop so far, in milliseconds. */
  get fastestLoopMs(): number {
    return this.#fastest
  }

  /** Begins a run; the function that it returns ends it, before the processes of the run are stopped. */
  watch(): () => Noise {
    const loopBefore = this.calibrate()
    const began = performance.now()
    const before = machineTime()
    return () => {
      const after = machineTime()
      const elapsedMicros = (performance.now() - began) * 1000
      const { steal, foreign } = shares(before, after, elapsedMicros)
      const slowdown = Math.max(loopBefore, this.calibrate()) / this.#fastest
      const noisy = steal > LIMITS.steal || foreign > LIMITS.foreign || slowdown > LIMITS.slowdown
      return { steal, foreign, slowdown, noisy }
    }
  }

  /** The median of five loops, in milliseconds. */
  calibrate(): number {
    const times = Array.from({ length: 5 }, calibrationLoop).sort((a, b) => a - b)
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
