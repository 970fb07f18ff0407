import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type Anomaly, checkHistory, checkStores, type HistoryRecord } from '@millrace/testing'
import { type Plan, type ProcessingGuarantee, rocksdb } from 'millrace'
import { silentLogger } from '@millrace/runtime'
import { nameOfClientUnderTest } from '../e2e/client-under-test.ts'
import type { WordCountApplication } from '../e2e/word-count/application.ts'
import { wordCount } from '../e2e/word-count/topology.ts'
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

/** What is wrong with the history of a run that has ended, as the brokers and the state directories have it. */
export async function checkedHistory(application: WordCountApplication, left: Left): Promise<CheckedHistory> {
  const { io, name } = application
  const { guarantee } = left
  const exactly = guarantee === 'exactly_once'
  const topics = ['lines', 'counts', 'counts-changelog', 'counts-repartition'].map(topic => `${name}-${topic}`)
  const size = (await Promise.all(topics.map(topic => io.ends(topic)))).flat().reduce((sum, end) => sum + end, 0)
  if (size > MOST_RECORDS) return { anomalies: [], seen: `nothing: ${size} records are more than ${MOST_RECORDS}` }
  const read: (readonly HistoryRecord[])[] = []
  for (const topic of topics) read.push(await recordsOf(io, topic, exactly && !topic.endsWith('-lines')))
  const records = read.flat()
  const offsets = await offsetsOf(io, name, exactly)
  const repartition = topics.at(-1)!
  const purged = records.some(
    ({ topic, offset }, index) => topic === repartition && offset > 0 && isFirst(records, index),
  )
  // Another client's epochs do not tell transactions apart.
  const tells = exactly && nameOfClientUnderTest() === 'wire'
  const parts = [...records, ...offsets.map(one => ({ ...one, part: 'offsets of the group' }))]
  const commits = offsets.filter(({ fate }) => fate === 'committed')
  const transactions = tells ? transactionsOf(parts) : []
  const found = checkHistory({
    guarantee,
    records,
    commits,
    transactions,
    links: wordCountLinks(name, !purged),
  })
  const plan = wordCount({ lines: `${name}-lines`, counts: `${name}-counts` })
  const directories = [...left.states].map(state => application.group.stateDir(state))
  const stores = exactly ? await checkedStores({ plan, applicationId: name, directories, records }) : []
  const hidden = records.filter(({ fate }) => fate === 'hidden').length
  return {
    anomalies: [...found, ...stores.flat()],
    seen: `${records.length} records (${hidden} hidden), ${commits.length} committed offsets, ${transactions.length} transactions, ${stores.length} stores`,
  }
}

/** Whether it is the first one of its partition. */
function isFirst(records: readonly HistoryRecord[], index: number): boolean {
  const before = records[index - 1]
  return before?.topic !== records[index]!.topic || before.partition !== records[index]!.partition
}

/** What is wrong with the stores of each task that is left in the state directories. */
export async function checkedStores(options: {
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
