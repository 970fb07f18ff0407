import { type Admin, isMillraceError, systemClock, type TopicPartition } from '@millrace/core'
import type { Running } from './contenders.ts'
import type { Usage } from './processes.ts'

/** Committed records of all inputs, and the contender's usage, at one moment. */
interface Sample {
  readonly at: number
  readonly records: number
  readonly usage: Usage | undefined
}

export interface Steady {
  /** Records a second. */
  readonly rate: number
  readonly cpuMicros: number | undefined
  readonly peakMb: number | undefined
  /** So few commits had the input that the rate says little. */
  readonly tooShort: boolean
  /** Whether it was stopped before all records were processed. */
  readonly unfinished: boolean
}

const NO_USAGE: Usage = { cpuMicros: 0, peakMb: 0, nowMb: 0 }
const POLL_MS = 20
/** With fewer commits than that, the rate may be wrong by more than a fifth. */
const COMMITS = 5
const LIMIT_MS = 600_000
/** A second half of a topology is through when its offsets have not moved for longer than a commit interval and a half. */
const SETTLED_MS = 2_500

/** Where progress is read: the group and the partitions of its inputs. */
export interface Watched {
  readonly admin: Admin
  readonly group: string
  readonly inputs: readonly TopicPartition[]
  readonly records: number
  /** Of the application. */
  readonly commitIntervalMs: number
  /** After so long the rate up to then is taken, from the commit after 10 % of this time. @default an error after ten minutes */
  readonly enoughMs?: number
  /** Is told when the clock starts. */
  readonly steady?: () => void
  /** Topics in between that the application reads itself, such as repartition topics. */
  between(): Promise<readonly TopicPartition[]>
}

/**
 * Waits until a running application has processed its inputs. The rate is from the commit that passes 10 % of the records to the last
 * one, so that neither start-up nor warm-up counts. Topics in between must be processed to their end as well. If one commit has the
 * whole input, the rate is from the start of the process.
 *
 * @throws when the application ends by itself or is too slow
 */
export async function steadyRate(watched: Watched, running: Running): Promise<Steady> {
  const { records, enoughMs } = watched
  const began = performance.now()
  let low: Sample | undefined
  let last: Sample = { at: 0, records: 0, usage: undefined }
  while (last.records < records) {
    running.check()
    const elapsed = performance.now() - began
    if (enoughMs !== undefined && elapsed > enoughMs) break
    if (elapsed > LIMIT_MS) throw new Error(`${watched.group} was not through after ${LIMIT_MS / 1000} s`)
    const committed = await sumCommitted(watched, watched.inputs)
    if (committed > last.records) last = { at: performance.now(), records: committed, usage: running.usage() }
    const isWarm = last.records >= records / 10 || (enoughMs !== undefined && elapsed > enoughMs / 10)
    if (low === undefined && isWarm && last.records > 0 && last.records < records) {
      low = last
      watched.steady?.()
    }
    await systemClock.sleep(POLL_MS)
  }
  const unfinished = last.records < records
  if (unfinished && last.records === (low?.records ?? 0)) throw new Error(`${watched.group} hardly commits anything`)
  low ??= { at: running.startedAt, records: 0, usage: NO_USAGE }
  const between = unfinished ? [] : await watched.between()
  if (between.length > 0) last = await settled(watched, between, running, last)
  const seconds = (last.at - low.at) / 1000
  // The records of the last commit may have been processed at its beginning: the rate is wrong by up to one interval.
  const tooShort = low.usage === NO_USAGE || seconds * 1000 < COMMITS * watched.commitIntervalMs
  const cpu =
    last.usage === undefined || low.usage === undefined ? undefined : last.usage.cpuMicros - low.usage.cpuMicros
  const measured = last.records - low.records
  return {
    rate: Math.round(measured / seconds),
    cpuMicros: cpu === undefined ? undefined : cpu / measured,
    peakMb: last.usage === undefined ? undefined : Math.round(last.usage.peakMb),
    tooShort,
    unfinished,
  }
}

async function settled(
  watched: Watched,
  between: readonly TopicPartition[],
  running: Running,
  from: Sample,
): Promise<Sample> {
  let last = from
  let seen = await sumCommitted(watched, between)
  let movedAt = performance.now()
  while (performance.now() - movedAt < SETTLED_MS) {
    running.check()
    await systemClock.sleep(POLL_MS)
    const now = await sumCommitted(watched, between)
    if (now <= seen) continue
    seen = now
    movedAt = performance.now()
    last = { ...last, at: movedAt, usage: running.usage() }
  }
  return last
}

/** Offsets that a transaction holds at the moment count as they were: the next look gives them. */
async function sumCommitted(watched: Watched, partitions: readonly TopicPartition[]): Promise<number> {
  try {
    const committed = await watched.admin.committedOffsets(watched.group, partitions)
    return committed.reduce((sum, { offset }) => sum + offset, 0)
  } catch (error) {
    if (isMillraceError(error, 'retriable')) return 0
    throw error
  }
}
