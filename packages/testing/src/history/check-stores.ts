import {
  aFiniteNumber,
  aPlan,
  aText,
  checkArguments,
  checkedInside,
  listOf,
  optionsOf,
  type Headers,
  type Plan,
  readInt64,
  type StorePlan,
  type TaskState,
  topicNaming,
} from '@millrace/core'
import type { Anomaly } from './anomaly.ts'
import type { HistoryRecord } from './history.ts'

/** The state that a process has left. */
export interface StoredTasks {
  /** Of the process. */
  readonly name: string
  /** Such as `0_1`. */
  readonly tasks: readonly string[]
  /** Undefined when there is nothing to read. */
  look(task: string): Promise<TaskState | undefined>
}

export interface StoresToCheck {
  readonly plan: Plan
  readonly applicationId: string
  /** All records of the changelogs, in the order of their offsets. */
  readonly records: readonly HistoryRecord[]
  readonly states: readonly StoredTasks[]
  /** What has expired by then may be gone from a store, in milliseconds since the epoch. */
  readonly latestTimestamp: number
}

/**
 * Each store that is left on a disk is what its changelog says up to the store's position, byte for byte. Windows that have
 * expired may be gone from the store; of versioned stores the latest versions are looked at.
 */
export async function checkStores(options: StoresToCheck): Promise<readonly Anomaly[]> {
  checkArguments('checkStores', [['options', OPTIONS]], [options])
  const { plan, applicationId, records, states, latestTimestamp } = options
  const real = topicNaming(plan, applicationId)
  const anomalies: Anomaly[] = []
  for (const { name, tasks, look } of states) {
    for (const task of tasks) {
      const state = await look(task)
      if (state === undefined) continue
      const [subTopology, partition] = task.split('_').map(Number)
      const stores = plan.subTopologies.find(({ id }) => id === subTopology)?.stores ?? []
      for (const store of plan.stores.filter(one => stores.includes(one.name))) {
        if (store.changelog === undefined || store.changelog.isSource || store.type === 'memory') continue
        const topic = real(store.changelog.topic)
        const position = (await state.offsets()).find(offset => offset.topic === topic)?.offset ?? 0
        const logged = records.filter(
          one =>
            one.topic === topic && one.partition === partition && one.offset < position && one.fate === 'committed',
        )
        const differences = compare(store, await contentOf(state, store), compacted(store, logged), latestTimestamp)
        if (store.ttlMs !== undefined) differences.push(...(await withoutRow(state, store)))
        const place = `${name}: store ${store.name} of task ${task}, up to offset ${position} of ${topic}-${partition}`
        anomalies.push(
          ...differences.map(text => ({ name: 'store differs from changelog', what: `${place}: ${text}` }) as const),
        )
      }
    }
  }
  return anomalies
}

const aList = listOf(checkedInside, 'an array')
const OPTIONS = optionsOf({
  plan: aPlan,
  applicationId: aText,
  records: aList,
  states: aList,
  latestTimestamp: aFiniteNumber,
})

const SEGMENT_BYTES = 6

async function contentOf(state: TaskState, store: StorePlan): Promise<ReadonlyMap<string, string>> {
  if (store.kind === 'versioned') return await latestOf(state, store)
  const content = new Map<string, string>()
  const prefix = store.kind === 'key-value' ? 0 : SEGMENT_BYTES
  for await (const [key, value] of state.store(store.name).iterate()) {
    content.set(Buffer.from(key.subarray(prefix)).toString('hex'), Buffer.from(value).toString('hex'))
  }
  return content
}

/** Timestamp and value of each key's latest version: the rows of segment 0, without the mark between the two. */
async function latestOf(state: TaskState, store: StorePlan): Promise<ReadonlyMap<string, string>> {
  const content = new Map<string, string>()
  for await (const [row, value] of state.store(store.name).iterate({ to: Buffer.from([0, 0, 0, 0, 0, 1]) })) {
    const shown = Buffer.concat([value.subarray(0, 8), value.subarray(9)])
    content.set(Buffer.from(row.subarray(SEGMENT_BYTES)).toString('hex'), shown.toString('hex'))
  }
  return content
}

/** The last value of each key, as the store keeps it: by offset, in a versioned store by timestamp. */
function compacted(store: StorePlan, records: readonly HistoryRecord[]): ReadonlyMap<string, string> {
  const content = new Map<string, string>()
  const latest = new Map<string, number>()
  const withTime = store.timestamped || store.ttlMs !== undefined || store.kind === 'versioned'
  let streamTime = 0
  for (const { key: keyBytes, value: valueBytes, timestamp, headers } of records) {
    if (keyBytes === null) continue
    const key = keyBytes.toString('hex')
    if (store.kind === 'versioned') {
      streamTime = Math.max(streamTime, timestamp)
      // What came too late is logged, as in Kafka Streams, and not kept.
      if (timestamp < streamTime - (store.historyRetentionMs ?? 0)) continue
      if (timestamp < (latest.get(key) ?? timestamp)) continue
      latest.set(key, timestamp)
    }
    const time = Buffer.alloc(8)
    time.writeBigInt64BE(BigInt(timestamp))
    if (valueBytes === null) content.delete(key)
    else {
      const kept = store.withHeaders === true ? Buffer.concat([valueBytes, headersBytes(headers)]) : valueBytes
      content.set(key, (withTime ? time.toString('hex') : '') + kept.toString('hex'))
    }
  }
  return content
}

/** As stores keep them behind a value: each key and value behind its length, and the length of all. */
function headersBytes(headers: Headers): Buffer {
  const sized = (bytes: Uint8Array) => [int32(bytes.length), bytes]
  const all = Buffer.concat(
    headers.flatMap(({ key, value }) => [...sized(Buffer.from(key)), ...(value === null ? [int32(-1)] : sized(value))]),
  )
  return Buffer.concat([all, int32(all.length)])
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function compare(
  store: StorePlan,
  kept: ReadonlyMap<string, string>,
  logged: ReadonlyMap<string, string>,
  latestTimestamp: number,
): string[] {
  const violations: string[] = []
  for (const [key, value] of logged) {
    const found = kept.get(key)
    if (found === value || (found === undefined && expired(store, key, latestTimestamp))) continue
    violations.push(`${key} is ${found ?? 'missing'}, but the changelog has ${value}`)
  }
  for (const key of kept.keys()) if (!logged.has(key)) violations.push(`${key} is not in the changelog`)
  return violations
}

/** Entries of which the index of what expires has no row that comes up in time: they would stay for ever. */
async function withoutRow(state: TaskState, store: StorePlan): Promise<readonly string[]> {
  const rows = new Map<string, number>()
  for await (const [row] of state.store(`${store.name}#expiry`).iterate()) {
    const key = Buffer.from(row.subarray(8)).toString('hex')
    rows.set(key, Math.min(rows.get(key) ?? Infinity, readInt64(Buffer.from(row), 0)))
  }
  return [...(await contentOf(state, store))].flatMap(([key, value]) => {
    const time = readInt64(Buffer.from(value, 'hex'), 0)
    return (rows.get(key) ?? Infinity) <= time ? [] : [`${key} of ${time} is not in the index of what expires`]
  })
}

function expired(store: StorePlan, key: string, latestTimestamp: number): boolean {
  if (store.kind === 'key-value' || store.kind === 'versioned') return false
  const bytes = Buffer.from(key, 'hex')
  const slot = readInt64(bytes, bytes.length - (store.kind === 'session' ? 16 : 12))
  return slot + (store.retentionMs ?? 0) < latestTimestamp
}
