/** The restore of one changelog partition into its store. */
export interface RestoreEvent {
  readonly task: string
  readonly store: string
  readonly topic: string
  readonly partition: number
  /** Where restoring begins and ends, as offsets. */
  readonly from: number
  readonly to: number
  readonly restored: number
  readonly milliseconds: number
}

/** Is told of restores: Kafka Streams' `StateRestoreListener`. */
export interface RestoreListener {
  onRestoreStart(event: RestoreEvent): void
  onRestoreProgress(event: RestoreEvent): void
  onRestoreEnd(event: RestoreEvent): void
  /** The task has moved before its restore was complete. The restored part stays on disk with its position. */
  onRestoreSuspended(event: RestoreEvent): void
}
