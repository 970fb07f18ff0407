import { parseTaskName, type TaskId, taskName } from '../../task-id.ts'
import type { Holdings, HostTasks } from '../group-membership.ts'

/** What a member tells the leader of its group. */
export interface MemberData extends Holdings {
  /** Tasks that it was given and has not given up, whether or not they run: nobody else can have them. None of an eager client. */
  readonly claimed: readonly TaskId[]
  /** In which they were given to it; -1 before the first. */
  readonly generation: number
  /** By `topologyVersion`: with another one its tasks are other tasks. Empty where the member said nothing that is understood. */
  readonly topology: string
  /** It has failed in a way that is to end the whole application. */
  readonly shutdown: boolean
}

const NOTHING: MemberData = {
  processId: '',
  active: [],
  claimed: [],
  generation: -1,
  standby: [],
  positions: new Map(),
  tags: {},
  capacity: 1,
  host: undefined,
  topology: '',
  shutdown: false,
}

/**
 * JSON, so that it can be read in a capture:
 *
 *     member    = { "version": 2, "process": id, "active": tasks, "standby": tasks, "positions": { task: offset },
 *                   "tags": { key: value }, "capacity": number, "claimed": tasks, "generation": number,
 *                   "topology": version, "shutdown": boolean, ["host": "host:port"] }
 *     tasks     = [ task* ]
 *     task      = "<sub-topology>_<partition>"
 */
export function encodeMemberData(data: MemberData): Uint8Array {
  const {
    processId: process,
    active,
    standby,
    positions,
    tags,
    capacity,
    claimed,
    generation,
    topology,
    shutdown,
    host,
  } = data
  return encode({
    process,
    active: active.map(taskName),
    standby: standby.map(taskName),
    positions: Object.fromEntries(positions),
    tags,
    capacity,
    claimed: claimed.map(taskName),
    generation,
    topology,
    shutdown,
    host,
  })
}

/** A member of another version of Millrace, or of another application, owns nothing as far as we know, and is given nothing. */
export function decodeMemberData(bytes: Uint8Array): MemberData {
  const data = decode(bytes)
  if (data === undefined || typeof data['process'] !== 'string') return NOTHING
  const { capacity, generation } = data
  return {
    processId: data['process'],
    active: tasksOf(data['active']),
    standby: tasksOf(data['standby']),
    positions: new Map(entriesOf(data['positions']).filter((entry): entry is [string, number] => isCount(entry[1]))),
    tags: Object.fromEntries(entriesOf(data['tags']).filter((entry): entry is [string, string] => isText(entry[1]))),
    capacity: isCount(capacity) && capacity > 0 ? capacity : 1,
    claimed: tasksOf(data['claimed']),
    generation: isCount(generation) ? generation : -1,
    topology: isText(data['topology']) ? data['topology'] : '',
    shutdown: data['shutdown'] === true,
    host: isText(data['host']) ? data['host'] : undefined,
  }
}

/** What the leader tells a member beside the partitions of its active tasks. */
export interface AssignmentData {
  readonly standby: readonly TaskId[]
  /** Temporary standbys: they become active here when they have caught up. */
  readonly warmup: readonly TaskId[]
  /** Where every task of the application is, as far as its members say under which host they can be asked. */
  readonly hosts: readonly HostTasks[]
  /** This member is to join again after so long, so that the leader looks whether warm-ups have caught up, or tasks been given up. */
  readonly probeInMs: number | undefined
  /** Of all input topics together, when the group assigned; undefined where the leader does not say. */
  readonly inputPartitions: number | undefined
  /** The leader has another topology, and nothing for this member. */
  readonly isOther: boolean
  /** The whole application is to end. */
  readonly shutdown: boolean
}

/**
 *     assignment = { "version": 2, "standby": tasks, "warmup": tasks, "hosts": [ host* ], ["probeInMs": number],
 *                    ["inputPartitions": number], "isOther": boolean, "shutdown": boolean }
 *     host       = { "host": "host:port", "active": tasks, "standby": tasks }
 */
export function encodeAssignmentData(data: AssignmentData): Uint8Array {
  const { standby, warmup, hosts, probeInMs, inputPartitions, isOther, shutdown } = data
  return encode({
    standby: standby.map(taskName),
    warmup: warmup.map(taskName),
    hosts: hosts.map(({ host, ...tasks }) => ({
      host,
      active: tasks.active.map(taskName),
      standby: tasks.standby.map(taskName),
    })),
    probeInMs,
    inputPartitions,
    isOther,
    shutdown,
  })
}

/** A leader of another version gives active tasks only. */
export function decodeAssignmentData(bytes: Uint8Array): AssignmentData {
  const data = decode(bytes) ?? {}
  const hosts = Array.isArray(data['hosts']) ? (data['hosts'] as readonly unknown[]) : []
  const { probeInMs, inputPartitions } = data
  return {
    standby: tasksOf(data['standby']),
    warmup: tasksOf(data['warmup']),
    hosts: hosts.flatMap(one => {
      const { host, active, standby } = (one ?? {}) as Record<string, unknown>
      return isText(host) ? [{ host, active: tasksOf(active), standby: tasksOf(standby) }] : []
    }),
    probeInMs: isCount(probeInMs) ? probeInMs : undefined,
    inputPartitions: isCount(inputPartitions) ? inputPartitions : undefined,
    isOther: data['isOther'] === true,
    shutdown: data['shutdown'] === true,
  }
}

const VERSION = 2

function encode(data: object): Uint8Array {
  return Buffer.from(JSON.stringify({ version: VERSION, ...data }))
}

function decode(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const data: unknown = JSON.parse(Buffer.from(bytes).toString())
    if (typeof data !== 'object' || data === null) return undefined
    const fields = data as Readonly<Record<string, unknown>>
    return fields['version'] === VERSION ? fields : undefined
  } catch {
    return undefined
  }
}

function tasksOf(names: unknown): readonly TaskId[] {
  if (!Array.isArray(names)) return []
  return names.map(name => parseTaskName(String(name))).filter(id => id !== undefined)
}

function entriesOf(fields: unknown): readonly (readonly [string, unknown])[] {
  return typeof fields === 'object' && fields !== null ? Object.entries(fields) : []
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
