/**
 * What Kafka Streams throws, class and message, and the code with which Millrace refuses or fails for the same reason. A
 * pair that is not here is a difference.
 */
export const REFUSALS: readonly Refusal[] = [
  {
    java: /TopologyException: Invalid topology: suppress\(\) is only supported for non-versioned KTables/,
    ours: 'MILLRACE_TOPOLOGY_OPTION_INVALID',
  },
  {
    // A name that the generator gives can be that of a branch: `name-2` and `0` for the default one.
    java: /TopologyException: Invalid topology: Processor .* is already added/,
    ours: 'MILLRACE_TOPOLOGY_NAME_DUPLICATE',
  },
  {
    java: /IllegalArgumentException: KTable must be versioned to use a grace period in a stream table join/,
    ours: 'MILLRACE_TOPOLOGY_OPTION_INVALID',
  },
  {
    java: /IllegalArgumentException: History retention must be at least grace period/,
    ours: 'MILLRACE_TOPOLOGY_OPTION_INVALID',
  },
  {
    java: /IllegalArgumentException: The retention period of the (window|session) store .* must be no smaller than/,
    ours: 'MILLRACE_TOPOLOGY_OPTION_INVALID',
  },
  {
    // Rarely drawn: most tables below suppress are windowed.
    java: /TopologyException: Invalid topology: Window close time is only defined for windowed computations/,
    ours: 'MILLRACE_TOPOLOGY_OPTION_INVALID',
  },
  {
    java: /IllegalArgumentException: ON_WINDOW_CLOSE emit strategy cannot be used for UnlimitedWindows/,
    ours: 'MILLRACE_TOPOLOGY_OPTION_INVALID',
  },
  {
    java: /StreamsException: Processor .* has no access to StateStore .* as the store is not connected to the processor/,
    ours: 'MILLRACE_STORE_NOT_CONNECTED',
  },
  {
    java: /StreamsException: ClassCastException while producing data to topic/,
    ours: 'MILLRACE_SERDE_ENCODE',
  },
  {
    java: /StreamsException: .* buffer exceeded its max capacity/,
    ours: 'MILLRACE_SUPPRESS_BUFFER_FULL',
  },
  {
    java: /StreamsException: Could not infer new timestamp for input record [^]* because partition time is unknown/,
    ours: 'MILLRACE_TIMESTAMP_INVALID',
  },
  {
    java: /StreamsException: Input record [^]* has invalid \(negative\) timestamp/,
    ours: 'MILLRACE_TIMESTAMP_INVALID',
  },
]

interface Refusal {
  readonly java: RegExp
  readonly ours: string
}

/** Whether two refusals, as each side words them, are one. */
export function sameReason(ours: string, java: string): boolean {
  return REFUSALS.some(refusal => refusal.java.test(java) && ours.includes(`${refusal.ours}:`))
}
