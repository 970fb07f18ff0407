import { partitionForKey, systemClock } from '@millrace/core'
import { type Contender, type Running, start } from '../compare/contenders.ts'
import { FIRST_TIMESTAMP, type InputSpec, pageViews, PARTITIONS, partitionsOf, recordsOf } from '../compare/inputs.ts'
import type { Lab } from '../compare/lab.ts'
import type { Noise } from '../compare/noise.ts'
import { steadyRate, type Watched } from '../compare/progress.ts'
import { settingsOf } from '../compare/run-options.ts'
import { count } from '../workloads/count.ts'
import { type LoadResult, startLoad } from './load.ts'

const KEYS = 100_000
const INPUT: InputSpec = pageViews({ records: 6_000_000, keys: KEYS })
const STORE = 'counts'
/** Reads when nothing is left to process. */
const IDLE_MS = 3_000
const START_MS = 60_000

/** One run of an application that processes its input while it is read. */
export interface MeasuredReads {
  /** Processed records a second. */
  readonly rate: number
  /** While it processed; undefined without readers. */
  readonly busy: LoadResult | undefined
  /** After it had processed everything. */
  readonly idle: LoadResult | undefined
  readonly noise: Noise
}

export async function measureReads(
  lab: Lab,
  contender: Contender,
  connections: number,
  finals: readonly string[],
): Promise<MeasuredReads> {
  const topic = await lab.input(INPUT)
  const applicationId = lab.applicationId(count, contender.name)
  const { run, cleanUp } = await lab.prepare(count, applicationId, { views: topic })
  try {
    const { result, noise } = await lab.noise.around(async () => {
      const running = start(contender, { ...run, queries: STORE }, lab.pinning)
      try {
        const url = await addressOf(running)
        const watched = {
          admin: lab.admin,
          group: applicationId,
          inputs: partitionsOf(topic, PARTITIONS),
          records: lab.records(INPUT.records),
          commitIntervalMs: settingsOf(count).commitIntervalMs,
          between: async () => [],
        }
        return connections === 0
          ? { ...(await steadyRate(watched, running)), busy: undefined, idle: undefined }
          : await underLoad(watched, running, { url, connections }, finals)
      } finally {
        await running.end()
      }
    })
    const { rate, busy, idle, tooShort } = result
    return { rate, busy, idle, noise: tooShort ? { ...noise, noisy: true, tooShort } : noise }
  } finally {
    await cleanUp()
  }
}

async function underLoad(
  watched: Watched,
  running: Running,
  { url, connections }: { readonly url: string; readonly connections: number },
  finals: readonly string[],
) {
  const load = await startLoad({ url, path: `/stores/${STORE}/keys/`, keys: KEYS, connections }, finals)
  try {
    const steady = await steadyRate({ ...watched, steady: () => load.restart() }, running)
    const busy = await load.report()
    // A commit is what one sees of the last record; both have then written it to the store.
    load.final()
    await systemClock.sleep(IDLE_MS)
    return { ...steady, busy, idle: await load.report() }
  } finally {
    await load.stop()
  }
}

async function addressOf(running: Running): Promise<string> {
  const deadline = performance.now() + START_MS
  for (;;) {
    const line = running.lines.find(({ text }) => text.startsWith('queries '))
    const isRunning = running.lines.some(({ text }) => text === 'state RUNNING')
    if (line !== undefined && isRunning) return line.text.slice('queries '.length)
    running.check()
    if (performance.now() > deadline) throw new Error(`the application did not run after ${START_MS / 1000} s`)
    await systemClock.sleep(20)
  }
}

/** What both servers answer for each key when the input is processed; empty for a key that does not occur. */
export function finalAnswers(lab: Lab): readonly string[] {
  const rows = Array.from({ length: KEYS }, () => ({ count: 0, timestamp: 0 }))
  let index = 0
  for (const { key, at = index } of recordsOf(INPUT, lab.records(INPUT.records))) {
    const row = rows[Number(key.slice('user-'.length))]!
    row.count++
    row.timestamp = FIRST_TIMESTAMP + at
    index++
  }
  return rows.map(({ count, timestamp }, key) => {
    const bytes = Buffer.from(`user-${key}`)
    const partition = partitionForKey(bytes, 0, bytes.length, PARTITIONS)
    return count === 0
      ? ''
      : `{"value":{"$bigint":"${count}"},"timestamp":${timestamp},"partition":${partition},"source":"active"}`
  })
}
