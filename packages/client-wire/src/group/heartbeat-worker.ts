import { parentPort, workerData } from 'node:worker_threads'
import { connect } from '../net/connect.ts'
import type { Connection } from '../net/connection.ts'
import type { OauthToken, SaslOptions, Security } from '../net/security.ts'
import { findCoordinatorApi } from '../protocol/messages/find-coordinator.ts'
import { heartbeatApi } from '../protocol/messages/heartbeat.ts'
import {
  streamsGroupHeartbeatApi,
  type StreamsGroupHeartbeatRequest,
  type StreamsGroupHeartbeatResponse,
} from '../protocol/messages/streams-group-heartbeat.ts'

/** What the worker is started with. Only what can be copied from one thread to another. */
export interface HeartbeatWorkerData {
  readonly clientId: string
  readonly security: CopiedSecurity
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly intervalMs: number
  /** A thread that has been stuck for longer is given up, so that the group can go on elsewhere. */
  readonly giveUpAfterMs: number
  /** The main thread counts in it: [heartbeats of its own, turns of its event loop]. */
  readonly beats: Int32Array<SharedArrayBuffer>
  /** A `ProgressSign`: [records done, given up]. */
  readonly progress: Int32Array<SharedArrayBuffer>
  readonly groupId: string
}

/** Functions cannot be copied: tokens come as messages. */
export interface CopiedSecurity {
  readonly tls: Security['tls']
  readonly sasl: Exclude<SaslOptions, { readonly mechanism: 'oauthbearer' }> | 'oauthbearer' | undefined
}

interface Address {
  readonly host: string
  readonly port: number
}

/** For whom to send heartbeats. */
export interface Member {
  readonly memberId: string
  readonly generationId: number
  readonly groupInstanceId?: string
  readonly coordinator: Address | undefined
  readonly brokers: readonly Address[]
  /** In a streams group, what the member says of itself. */
  readonly streams?: StreamsGroupHeartbeatRequest
}

/** How a heartbeat in a streams group went. Assignments come in its answers, and each only once. */
export interface WorkerAnswer {
  /** For which member, in which epoch. */
  readonly memberId: string
  readonly epoch: number
  /** Undefined where the request was sent and no answer came. */
  readonly answer: StreamsGroupHeartbeatResponse | undefined
  /** Milliseconds since the epoch, monotonic in all threads of this process. */
  readonly sent: number
  readonly received: number
}

/** What the worker says: first that it is ready. */
type WorkerMessage = 'ready' | WorkerAnswer

export type HeartbeatMessage = { readonly member: Member | undefined } | { readonly token: OauthToken }

/** What a broker answers that is not the coordinator, or not yet. */
const MOVED = new Set([14, 15, 16])

/** Nothing of Millrace's packages is imported here: this file runs in a thread of its own, with none of its loaders. */
const { clientId, security, connectTimeoutMs, requestTimeoutMs, intervalMs, giveUpAfterMs, beats, progress, groupId } =
  workerData as HeartbeatWorkerData
let member: Member | undefined
let token: OauthToken | undefined
let coordinator: Address | undefined
let connection: Connection | undefined
let seenBeats = -1
let seenSigns = -1
/** Since the last sign of the thread: a turn of its event loop, or a record done. */
let stuckMs = 0
let busy = false

parentPort!.on('message', (message: HeartbeatMessage) => {
  if ('token' in message) {
    token = message.token
    return
  }
  member = message.member
  coordinator = member?.coordinator
  stuckMs = 0
  void connectEarly()
})
setInterval(() => void look(), intervalMs)
tell('ready')

/** A connection takes a while, above all with TLS. So it is made before it is needed. */
async function connectEarly(): Promise<void> {
  if (busy || member === undefined) return
  busy = true
  try {
    await reach(member.brokers)
  } catch {
    // The first heartbeat tries again.
  } finally {
    busy = false
  }
}

async function look(): Promise<void> {
  const beatsNow = Atomics.load(beats, 0)
  const signs = Atomics.load(beats, 1) + Atomics.load(progress, 0)
  const silent = beatsNow === seenBeats
  // Counted in looks and not by the clock: while the whole process is stopped, nobody is stuck.
  stuckMs = signs === seenSigns ? stuckMs + intervalMs : 0
  seenBeats = beatsNow
  seenSigns = signs
  // Before anything else: also while a heartbeat waits for a broker that does not answer.
  if (stuckMs > giveUpAfterMs) {
    if (stuckMs - intervalMs <= giveUpAfterMs) {
      Atomics.store(progress, 1, 1)
      // The main thread is stuck, and its logger with it.
      process.stderr.write(
        `millrace: a member of group "${groupId}" has been stuck for ${stuckMs} ms and is given up\n`,
      )
    }
    return
  }
  if (!silent || member === undefined || busy) return
  busy = true
  try {
    await beat(member)
  } catch {
    // The main thread hears of whatever it is by itself, when it can: this one only bridges its silence.
    connection?.close()
    connection = undefined
    coordinator = undefined
  } finally {
    busy = false
  }
}

async function reach(brokers: readonly Address[]): Promise<Connection | undefined> {
  coordinator ??= await findCoordinator(brokers)
  if (coordinator === undefined) return undefined
  const isThere = connection?.isOpen === true && isSame(connection.info, coordinator)
  if (!isThere || performance.now() >= connection!.expiresAt) {
    connection?.close()
    connection = await open(coordinator)
  }
  return connection
}

async function beat({ memberId, generationId, groupInstanceId, brokers, streams }: Member): Promise<void> {
  const reached = await reach(brokers)
  if (reached === undefined) return
  if (streams !== undefined) return beatStreams(reached, streams)
  const request = { groupId, generationId, memberId, groupInstanceId: groupInstanceId ?? null }
  const { errorCode } = await reached.send(heartbeatApi, request, { timeoutMs: requestTimeoutMs })
  if (MOVED.has(errorCode)) coordinator = undefined
}

async function beatStreams(reached: Connection, request: StreamsGroupHeartbeatRequest): Promise<void> {
  const sent = performance.timeOrigin + performance.now()
  const { memberId, memberEpoch: epoch } = request
  let answer: StreamsGroupHeartbeatResponse | undefined
  try {
    answer = await reached.send(streamsGroupHeartbeatApi, request, { timeoutMs: requestTimeoutMs })
  } finally {
    if (answer !== undefined && MOVED.has(answer.errorCode)) coordinator = undefined
    else tell({ memberId, epoch, answer, sent, received: performance.timeOrigin + performance.now() })
  }
  // The main thread may have told of another member, or of more tasks, meanwhile.
  if (member?.streams !== request || MOVED.has(answer.errorCode)) return
  const { errorCode, memberEpoch } = answer
  member = errorCode === 0 ? { ...member, streams: { ...request, memberEpoch } } : undefined
}

function tell(message: WorkerMessage): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin, only a window has
  parentPort!.postMessage(message)
}

async function findCoordinator(brokers: readonly Address[]): Promise<Address | undefined> {
  for (const broker of brokers) {
    let asked: Connection | undefined
    try {
      asked = await open(broker)
      const several = asked.versionOf(findCoordinatorApi) >= 4
      const request = several ? { coordinatorKeys: [groupId], keyType: 0 } : { key: groupId, keyType: 0 }
      const answer = await asked.send(findCoordinatorApi, request, { timeoutMs: requestTimeoutMs })
      const found = several ? answer.coordinators[0] : answer
      if (found?.errorCode === 0) return { host: found.host, port: found.port }
    } catch {
      // The next one may answer.
    } finally {
      asked?.close()
    }
  }
  return undefined
}

function open({ host, port }: Address): Promise<Connection> {
  return connect({ host, port, clientId, security: securityNow(), connectTimeoutMs, requestTimeoutMs })
}

function securityNow(): Security {
  const { tls, sasl } = security
  const encrypted = tls === undefined ? {} : { tls }
  if (sasl === undefined) return encrypted
  if (sasl !== 'oauthbearer') return { ...encrypted, sasl }
  return {
    ...encrypted,
    sasl: {
      mechanism: 'oauthbearer',
      token: () => {
        if (token === undefined) throw new Error('there is no token yet')
        return token
      },
    },
  }
}

function isSame(a: Address, b: Address): boolean {
  return a.host === b.host && a.port === b.port
}
