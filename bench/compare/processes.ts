/** CPU time and memory of processes, from /proc. Where there is none, `undefined`: the report then leaves the column empty. */
import { readdirSync, readFileSync } from 'node:fs'

/** Of /proc/stat and /proc/PID/stat: USER_HZ, which is 100 on every Linux that Node runs on. */
const TICK_MICROS = 10_000

export interface Usage {
  /** User and system time of all threads, in microseconds. */
  readonly cpuMicros: number
  /** The most memory that was resident so far, in MB. */
  readonly peakMb: number
  /** The memory that is resident now, in MB. */
  readonly nowMb: number
}

export function usageOf(pid: number): Usage | undefined {
  const stat = statOf(pid)
  const status = read(`/proc/${pid}/status`)
  if (stat === undefined || status === undefined) return undefined
  const megabytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) / 1024
  return { cpuMicros: stat.ticks * TICK_MICROS, peakMb: megabytes('VmHWM'), nowMb: megabytes('VmRSS') }
}

export interface MachineTime {
  /** All processors, all processes, in microseconds since boot. */
  readonly busyMicros: number
  /** Time that the hypervisor gave to others. */
  readonly stealMicros: number
  /** This process and all that it has started and that still run. */
  readonly ownMicros: number
}

export function machineTime(): MachineTime | undefined {
  const line = read('/proc/stat')?.split('\n', 1)[0]
  if (line === undefined) return undefined
  const [user, nice, system, , , irq, softirq, steal] = line.trim().split(/\s+/).slice(1).map(Number)
  return {
    busyMicros: (user! + nice! + system! + irq! + softirq!) * TICK_MICROS,
    stealMicros: (steal ?? 0) * TICK_MICROS,
    ownMicros: treeTicks(process.pid) * TICK_MICROS,
  }
}

/** A child that has ended counts in its parent's time of waited-for children. */
function treeTicks(root: number): number {
  const stats = new Map<number, Stat>()
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : undefined
    if (stat !== undefined) stats.set(Number(name), stat)
  }
  const within = (pid: number): boolean => {
    const stat = stats.get(pid)
    return pid === root || (stat !== undefined && stat.parent > 1 && within(stat.parent))
  }
  let ticks = 0
  for (const [pid, stat] of stats) if (within(pid)) ticks += stat.ticks + stat.childTicks
  return ticks
}

interface Stat {
  readonly parent: number
  readonly ticks: number
  readonly childTicks: number
}

function statOf(pid: number): Stat | undefined {
  const text = read(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  // The name of the process is in brackets and may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const number = (index: number) => Number(fields[index])
  return { parent: number(1), ticks: number(11) + number(12), childTicks: number(13) + number(14) }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // The process has ended, or this is no Linux.
    return undefined
  }
}
