import { workerData, parentPort } from 'node:worker_threads'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Broker, Cluster, KafkaConfig, OauthbearerProviderResponse } from 'kafkajs'
import { letRequestQueuesIdle } from './idle-request-queue.ts'
import { kafkajsPackage } from './kafkajs-package.ts'
import { OpenSockets } from './open-sockets.ts'

/** What the worker is started with. Only what can be copied from one thread to another. */
export interface HeartbeatWorkerData {
  readonly config: KafkaConfig
  readonly groupId: string
  readonly intervalMs: number
  /** A thread that has been stuck for longer is given up, so that the group can go on elsewhere. */
  readonly giveUpAfterMs: number
  /** The main thread counts in it: [heartbeats of its own, turns of its event loop]. */
  readonly beats: Int32Array<SharedArrayBuffer>
  /** A `ProgressSign`: [records done, given up]. */
  readonly progress: Int32Array<SharedArrayBuffer>
  /** Connections are made with tokens, which come by message. */
  readonly needsTokens: boolean
}

/** For whom to send heartbeats from now on, null for nobody; or with what to connect. */
export type ToHeartbeatWorker = { readonly member: Member | null } | { readonly token: OauthbearerProviderResponse }

/** That it is ready, or that it needs a token. */
type FromHeartbeatWorker = 'ready' | 'token'

/** For whom to send heartbeats. */
export interface Member {
  readonly memberId: string
  readonly generationId: number
}

/** kafkajs' own, which its types leave out. */
export interface HeartbeatBroker extends Broker {
  heartbeat(request: { groupId: string; groupGenerationId: number; memberId: string }): Promise<unknown>
}

/** Nothing is imported here that needs a loader: this file runs in a thread of its own, with none. */
void letRequestQueuesIdle()
const { config, groupId, intervalMs, giveUpAfterMs, beats, progress, needsTokens } = workerData as HeartbeatWorkerData
/** The main thread has given it a value. */
const { requestTimeout = 30_000 } = config
/** How long a new token is waited for: the main thread may be busy. */
const TOKEN_MS = 1_000
let member: Member | undefined
let seenBeats = -1
let seenSigns = -1
/** Since the last sign of the thread: a turn of its event loop, or a record done. */
let stuckMs = 0
let cluster: Cluster | undefined
let sockets = new OpenSockets(requestTimeout)
let busy = false

let token: OauthbearerProviderResponse | undefined
let tokenCame = Promise.withResolvers<void>()

parentPort!.on('message', (message: ToHeartbeatWorker) => {
  if ('token' in message) {
    ;({ token } = message)
    tokenCame.resolve()
    return
  }
  member = message.member ?? undefined
  stuckMs = 0
  void connectEarly()
})
setInterval(() => void look(), intervalMs)
kafkajsPackage()
tell('ready')

function tell(message: FromHeartbeatWorker): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin, only a window has
  parentPort!.postMessage(message)
}

/** Connections take a while. So they are made before they are needed. */
async function connectEarly(): Promise<void> {
  if (busy || member === undefined) return
  busy = true
  try {
    await findCoordinator()
  } catch {
    forget()
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
    forget()
  } finally {
    busy = false
  }
}

function forget(): void {
  cluster = undefined
  sockets.close()
  sockets = new OpenSockets(requestTimeout)
}

async function findCoordinator(): Promise<HeartbeatBroker> {
  if (cluster === undefined) {
    cluster = openCluster()
    await cluster.connect()
  }
  return (await cluster.findGroupCoordinator({ groupId })) as HeartbeatBroker
}

async function beat({ memberId, generationId }: Member): Promise<void> {
  const coordinator = await findCoordinator()
  await coordinator.heartbeat({ groupId, groupGenerationId: generationId, memberId })
}

async function askForToken(): Promise<OauthbearerProviderResponse> {
  tokenCame = Promise.withResolvers()
  tell('token')
  await Promise.race([tokenCame.promise, sleep(TOKEN_MS)])
  if (token === undefined) throw new Error('no token has come')
  return token
}

/** kafkajs hands its cluster to a partition assigner, see `cluster-link.ts`. */
function openCluster(): Cluster {
  let captured: Cluster | undefined
  const sasl = needsTokens ? { sasl: { mechanism: 'oauthbearer' as const, oauthBearerProvider: askForToken } } : {}
  const { Kafka, logLevel } = kafkajsPackage()
  new Kafka({ ...config, ...sasl, socketFactory: sockets.factory, logLevel: logLevel.NOTHING }).consumer({
    groupId: 'millrace-no-group',
    partitionAssigners: [
      ({ cluster: given }) => {
        captured = given
        return {
          name: 'unused',
          version: 0,
          assign: async () => [],
          protocol: () => ({ name: 'unused', metadata: Buffer.alloc(0) }),
        }
      },
    ],
  })
  return captured!
}
