import type { Clock, StreamsSubscription, StreamsTasks } from '@millrace/core'
import type {
  StreamsGroupHeartbeatRequest,
  StreamsGroupHeartbeatResponse,
} from '../../protocol/messages/streams-group-heartbeat.ts'
import { allOf, endpointData, isNothing, NO_TASKS, offsetData, ownedData, topologyData } from './streams-request.ts'

/** The epoch of a member that joins. */
export const JOINING = 0

export interface HeartbeatRequestsOptions {
  readonly clock: Clock
  readonly groupId: string
  readonly groupInstanceId: string | undefined
  readonly rebalanceTimeoutMs: number
  readonly rack: string
  readonly subscription: () => StreamsSubscription
}

/** The member as it is now. */
export interface MemberNow {
  readonly memberId: string
  readonly epoch: number
  readonly owned: StreamsTasks
  readonly assigned: StreamsTasks
}

/** Makes the heartbeats of a member. What one of them says depends on the answers to those before it. */
export class HeartbeatRequests {
  readonly #options: HeartbeatRequestsOptions
  #endpointEpoch = -1
  #endpointIsOwed = false
  #positionsIntervalMs = Number.POSITIVE_INFINITY
  #positionsSentAt = Number.NEGATIVE_INFINITY

  constructor(options: HeartbeatRequestsOptions) {
    this.#options = options
  }

  /** The broker could not take the endpoint with the join: it is sent again once there are tasks. */
  get endpointIsOwed(): boolean {
    return this.#endpointIsOwed
  }

  /** The next join says nothing of the endpoint. */
  oweEndpoint(): void {
    this.#endpointIsOwed = true
  }

  /** The member joins again. */
  reset(): void {
    this.#endpointEpoch = -1
    this.#endpointIsOwed = false
  }

  answered({ taskOffsetIntervalMs, endpointInformationEpoch }: StreamsGroupHeartbeatResponse): void {
    this.#positionsIntervalMs = taskOffsetIntervalMs > 0 ? taskOffsetIntervalMs : Number.POSITIVE_INFINITY
    this.#endpointEpoch = endpointInformationEpoch
  }

  /** What every heartbeat says of the member. */
  identity(memberId: string) {
    const { groupId, groupInstanceId } = this.#options
    return {
      groupId,
      memberId,
      endpointInformationEpoch: this.#endpointEpoch,
      ...(groupInstanceId !== undefined && { instanceId: groupInstanceId }),
    }
  }

  /**
   * The next heartbeat: everything when the member joins, and always what its owner holds.
   *
   * @param takesOffsets whether the broker knows task offsets
   */
  next({ memberId, epoch, owned, assigned }: MemberNow, takesOffsets: boolean): StreamsGroupHeartbeatRequest {
    const { rebalanceTimeoutMs, rack, subscription, clock } = this.#options
    const { topology, processId, host, tags, positions, wantsShutdown } = subscription()
    const joins = epoch === JOINING
    const time = clock.monotonic()
    const isDue = joins || time - this.#positionsSentAt >= this.#positionsIntervalMs
    const told = takesOffsets && isDue ? positions() : undefined
    if (told !== undefined) this.#positionsSentAt = time
    const tellsOwed = this.#endpointIsOwed && !joins && !isNothing(assigned) && host !== undefined
    if (tellsOwed) this.#endpointIsOwed = false
    return {
      ...this.identity(memberId),
      memberEpoch: epoch,
      // Tasks that may be taken before the answer comes count as held: otherwise the broker could give them to others meanwhile.
      ...ownedData(joins ? NO_TASKS : allOf(owned, assigned)),
      shutdownApplication: wantsShutdown(),
      ...(told !== undefined && {
        taskOffsets: offsetData(told, ({ offset }) => offset),
        taskEndOffsets: offsetData(told, ({ endOffset }) => endOffset),
      }),
      ...(joins && {
        rackId: rack === '' ? null : rack,
        rebalanceTimeoutMs,
        topology: topologyData(topology),
        processId,
        userEndpoint: host === undefined || this.#endpointIsOwed ? null : endpointData(host),
        clientTags: Object.entries(tags).map(([key, value]) => ({ key, value })),
      }),
      ...(tellsOwed && { userEndpoint: endpointData(host) }),
    }
  }
}
