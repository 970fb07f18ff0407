import type { FetchRequest, FetchTopicOfRequest } from '../protocol/messages/fetch.ts'

/** What a fetch asks of one partition. */
export interface FetchPosition {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  readonly offset: number
  /** As this client knows it, so that a broker that is not the leader any more, or not yet, says so. */
  readonly leaderEpoch: number
  /** Of the last batch that was read: by it the leader finds out that the log was cut behind the reader. -1 for unknown. */
  readonly lastEpoch: number
  readonly maxBytes: number
}

type SessionPart = Pick<FetchRequest, 'sessionId' | 'sessionEpoch' | 'topics' | 'forgottenTopicsData'>

/**
 * An incremental fetch session with one broker (KIP-227): what has not changed since the last request is not sent again, and what
 * has nothing new is not answered.
 */
export class FetchSession {
  #id = 0
  #epoch = 0
  /** What the broker has, by `topic/partition`. */
  #sent = new Map<string, FetchPosition>()

  /** The parts of the next request that depend on the session. */
  next(positions: readonly FetchPosition[]): SessionPart {
    const wanted = new Map(positions.map(position => [`${position.topic}/${position.partition}`, position]))
    const isFull = this.#id === 0
    const changed = isFull ? positions : positions.filter(each => !isSame(each, this.#sent.get(keyOf(each))))
    const gone = isFull ? [] : [...this.#sent.values()].filter(each => !isStillWanted(each, wanted.get(keyOf(each))))
    this.#sent = wanted
    return {
      sessionId: this.#id,
      sessionEpoch: this.#epoch,
      topics: topicsOf(changed),
      forgottenTopicsData: topicsOf(gone).map(({ topic = '', topicId = '', partitions }) => ({
        topic,
        topicId,
        partitions: partitions.map(({ partition }) => partition),
      })),
    }
  }

  /** The broker has answered, with the session's id: 0 when it has no room for another session. */
  answered(sessionId: number): void {
    this.#id = sessionId
    this.#epoch = sessionId === 0 ? 0 : this.#epoch === 0x7fff_ffff ? 1 : this.#epoch + 1
  }

  /** Nobody knows what the broker has: the next request begins another session. */
  reset(): void {
    this.#id = 0
    this.#epoch = 0
    this.#sent.clear()
  }

  /** The topic's name where the answer has its id only. */
  nameOf(topicId: string): string | undefined {
    for (const position of this.#sent.values()) if (position.topicId === topicId) return position.topic
    return undefined
  }
}

function keyOf({ topic, partition }: FetchPosition): string {
  return `${topic}/${partition}`
}

function isSame(a: FetchPosition, b: FetchPosition | undefined): boolean {
  return (
    b !== undefined &&
    a.topicId === b.topicId &&
    a.offset === b.offset &&
    a.leaderEpoch === b.leaderEpoch &&
    a.lastEpoch === b.lastEpoch &&
    a.maxBytes === b.maxBytes
  )
}

/** A topic that was deleted and made again is another one: the old one is to be forgotten. */
function isStillWanted(sent: FetchPosition, wanted: FetchPosition | undefined): boolean {
  return wanted !== undefined && wanted.topicId === sent.topicId
}

function topicsOf(positions: readonly FetchPosition[]): FetchTopicOfRequest[] {
  const topics = new Map<string, FetchPosition[]>()
  for (const each of positions) {
    const own = topics.get(each.topicId + each.topic)
    if (own === undefined) topics.set(each.topicId + each.topic, [each])
    else own.push(each)
  }
  return [...topics.values()].map(list => ({
    topic: list[0]!.topic,
    topicId: list[0]!.topicId,
    partitions: list.map(({ partition, offset, leaderEpoch, lastEpoch, maxBytes }) => ({
      partition,
      fetchOffset: offset,
      currentLeaderEpoch: leaderEpoch,
      lastFetchedEpoch: lastEpoch,
      partitionMaxBytes: maxBytes,
    })),
  }))
}
