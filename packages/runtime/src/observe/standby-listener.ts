/** How far the copy of a store is that a standby keeps. */
export interface StandbyEvent {
  readonly task: string
  readonly store: string
  /** The changelog. */
  readonly topic: string
  readonly partition: number
  /** The offset up to which the copy has it, and the end that is known of it. */
  readonly position: number
  readonly end: number
}

export interface StandbyBatchEvent extends StandbyEvent {
  /** How many records have just been taken over. */
  readonly records: number
}

export interface StandbySuspendedEvent extends StandbyEvent {
  /** `promoted`: the task starts here, on the copy. `migrated`: the copy is not wanted here any more. */
  readonly reason: 'promoted' | 'migrated'
}

/** Who is told of standbys: `StandbyUpdateListener` of Kafka Streams (KIP-988). */
export interface StandbyListener {
  /** The copy is open, and nothing has been read for it yet. */
  onStandbyUpdateStart(event: StandbyEvent): void
  onStandbyBatchLoaded(event: StandbyBatchEvent): void
  onStandbyUpdateSuspended(event: StandbySuspendedEvent): void
}
