/** Which messages are generated, in which versions. */
export interface MessageChoice {
  /** The name without `Request` and `Response`, or the whole name of a message that is neither. */
  readonly name: string
  readonly min: number
  readonly max: number
}

/**
 * The lower end is what Kafka 2.8 offers at most (or the first release that has it): an older version would never be chosen with a
 * broker that is supported. The
 * upper end is the last version that this client has a use for: Produce 13, OffsetCommit 10 and OffsetFetch 10 name topics by id
 * only, InitProducerId 6 is not stable, AddPartitionsToTxn 4 is for brokers, and later versions of ListOffsets only add special
 * timestamps.
 */
export const APIS: readonly MessageChoice[] = [
  { name: 'Produce', min: 9, max: 12 },
  { name: 'Fetch', min: 12, max: 17 },
  { name: 'ListOffsets', min: 6, max: 7 },
  { name: 'OffsetForLeaderEpoch', min: 4, max: 4 },
  { name: 'Metadata', min: 11, max: 13 },
  { name: 'OffsetCommit', min: 8, max: 9 },
  { name: 'OffsetFetch', min: 7, max: 9 },
  { name: 'FindCoordinator', min: 3, max: 6 },
  { name: 'JoinGroup', min: 7, max: 9 },
  { name: 'Heartbeat', min: 4, max: 4 },
  { name: 'LeaveGroup', min: 4, max: 5 },
  { name: 'SyncGroup', min: 5, max: 5 },
  { name: 'DescribeGroups', min: 5, max: 6 },
  { name: 'SaslHandshake', min: 1, max: 1 },
  { name: 'ApiVersions', min: 3, max: 3 },
  { name: 'CreateTopics', min: 7, max: 7 },
  { name: 'DeleteTopics', min: 6, max: 6 },
  { name: 'DeleteRecords', min: 2, max: 2 },
  { name: 'InitProducerId', min: 4, max: 5 },
  { name: 'AddPartitionsToTxn', min: 3, max: 3 },
  { name: 'AddOffsetsToTxn', min: 3, max: 4 },
  { name: 'EndTxn', min: 3, max: 5 },
  { name: 'TxnOffsetCommit', min: 3, max: 5 },
  { name: 'DescribeConfigs', min: 4, max: 4 },
  { name: 'SaslAuthenticate', min: 2, max: 2 },
  { name: 'DeleteGroups', min: 2, max: 2 },
  { name: 'DescribeProducers', min: 0, max: 0 },
  { name: 'DescribeTransactions', min: 0, max: 0 },
  { name: 'ListTransactions', min: 0, max: 0 },
  { name: 'StreamsGroupHeartbeat', min: 0, max: 0 },
  { name: 'StreamsGroupDescribe', min: 0, max: 0 },
]

/** What members of a classic group tell each other through the broker. */
export const GROUP_DATA: readonly MessageChoice[] = [
  { name: 'ConsumerProtocolSubscription', min: 0, max: 3 },
  { name: 'ConsumerProtocolAssignment', min: 0, max: 3 },
]
