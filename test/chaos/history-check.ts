import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type Anomaly, checkHistory, checkStores, type HistoryLink, type HistoryRecord } from '@millrace/testing'
import { type Plan, type ProcessingGuarantee, rocksdb } from 'millrace'
import { silentLogger } from '@millrace/runtime'
import { nameOfClientUnderTest } from '../e2e/client-under-test.ts'
import type { WordCountApplication } from '../e2e/word-count/application.ts'
import { wordCount } from '../e2e/word-count/topology.ts'
import type { TopicIo } from '../topic-io.ts'
import { offsetsOf, recordsOf, transactionsOf, wordCountLinks } from './cluster-history.ts'

/** Of the processes, which have stopped. */
interface Left {
  readonly states: ReadonlySet<string>
  readonly guarantee: ProcessingGuarantee
}

export interface CheckedHistory {
  readonly anomalies: readonly Anomaly[]
  /** What there was to look at: a checker that has seen nothing finds nothing. */
  readonly seen: string
}

/** What fits into the memory of the process that judges: of more, only the counts are checked. */
const MOST_RECORDS = 3_000_000

/** What a run has left, whose processes have stopped. */
export interface FinishedRun {
  readonly io: TopicIo
  /** Its group, too. */
  readonly applicationId: string
  readonly plan: Plan
  readonly guarantee: ProcessingGuarantee
  readonly client: 'wire' | 'kafkajs'
  /** Topics that others have written, without transactions. */
  readonly inputs: readonly string[]
  /** Topics that the application has written. */
  readonly results: readonly string[]
  /** State directories. */
  readonly directories: readonly string[]
  /** What has to come of what. @default nothing is derived of it */
  readonly links?: (records: readonly HistoryRecord[]) => readonly HistoryLink[]
}

/** What is wrong with the history of a run, as the brokers and the state directories have it. */
export async function judgeHistory(run: FinishedRun): Promise<CheckedHistory> {
  const { io, applicationId, plan, guarantee, client, inputs, results, directories, links } = run
  const exactly = guarantee === 'exactly_once'
  const records: HistoryRecord[] = []
  for (const topic of inputs) records.push(...(await recordsOf(io, topic, false)))
  for (const topic of results) records.push(...(await recordsOf(io, topic, exactly)))
  const offsets = await offsetsOf(io, applicationId, exactly)
  const commits = offsets.filter(({ fate }) => fate === 'committed')
  // Epochs tell transactions apart with Millrace's own client only.
  const tells = exactly && client === 'wire'
  const parts = [...records, ...offsets.map(one => ({ ...one, part: 'offsets of the group' }))]
  const transactions = tells ? transactionsOf(parts) : []
  const derived = links?.(records)
  const found = checkHistory({ guarantee, records, commits, transactions, ...(derived && { links: derived }) })
  const stores = exactly ? await checkedStores({ plan, applicationId, directories, records }) : []
  const hidden = records.filter(({ fate }) => fate === 'hidden').length
  return {
    anomalies: [...found, ...stores.flat()],
    seen: `${records.length} records (${hidden} hidden), ${commits.length} committed offsets, ${transactions.length} transactions, ${stores.length} tasks with stores`,
  }
}

/** The same of a word count. */
export async function checkedHistory(application: WordCountApplication, left: Left): Promise<CheckedHistory> {
  const { io, name, group } = application
  const [lines, repartition] = [`${name}-lines`, `${name}-counts-repartition`]
  const results = [`${name}-counts`, `${name}-counts-changelog`, repartition]
  const ends = await Promise.all([lines, ...results].map(topic => io.ends(topic)))
  const size = ends.flat().reduce((sum, end) => sum + end, 0)
  if (size > MOST_RECORDS) return { anomalies: [], seen: `nothing: ${size} records are more than ${MOST_RECORDS}` }
  return judgeHistory({
    io,
    applicationId: name,
    plan: wordCount({ lines, counts: `${name}-counts` }),
    guarantee: left.guarantee,
    client: nameOfClientUnderTest(),
    inputs: [lines],
    results,
    directories: [...left.states].map(state => group.stateDir(state)),
    links: records =>
      wordCountLinks(name, !records.some((one, index) => isPurged(one, records[index - 1], repartition))),
  })
}

/** Whether it is the first record of a partition of the topic, and others were before it. */
function isPurged({ topic, partition, offset }: HistoryRecord, before: HistoryRecord | undefined, of: string): boolean {
  if (topic !== of || offset === 0) return false
  return before?.topic !== topic || before.partition !== partition
}

/** What is wrong with the stores of each task that is left in the state directories. */
async function checkedStores(options: {
  readonly plan: Plan
  readonly applicationId: string
  readonly directories: readonly string[]
  readonly records: readonly HistoryRecord[]
}): Promise<readonly (readonly Anomaly[])[]> {
  const { plan, applicationId, directories, records } = options
  const found: (readonly Anomaly[])[] = []
  for (const state of directories) {
    const directory = join(state, applicationId)
    for (const task of await readdir(directory).catch(() => [])) {
      const [, subTopology] = /^(\d+)_\d+$/.exec(task) ?? []
      const stores = plan.subTopologies.find(({ id }) => id === Number(subTopology))?.stores ?? []
      if (stores.length === 0) continue
      const opened = await rocksdb().open({ directory: join(directory, task), stores, logger: silentLogger })
      try {
        const states = [{ name: basename(state), tasks: [task], look: () => Promise.resolve(opened) }]
        found.push(await checkStores({ plan, applicationId, records, states, latestTimestamp: Date.now() }))
      } finally {
        await opened.close()
      }
    }
  }
  return found
}
