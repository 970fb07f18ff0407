import type { Clock } from '@millrace/core'
import type { Kafka } from 'kafkajs'

/** What all parts of one client have in common. */
export interface Surroundings {
  readonly kafka: Kafka
  /** For error messages. */
  readonly brokers: string
  readonly clock: Clock
  readonly requestTimeoutMs: number
  /** Makes connections that nobody else uses, so that they can be ended whatever kafkajs is doing with them. */
  readonly ownKafka: () => OwnKafka
  /** Says that a part of the client has been closed, and need not be remembered. */
  readonly closed: (part: object) => void
}

/** A `Kafka` with connections of its own; of an instance that was given by the user, the connections cannot be ended. */
export interface OwnKafka {
  readonly kafka: Kafka
  /** Ends the connections that are open: what waits for an answer on them fails. */
  cut(): void
  /** Asked before a produce request goes out, at the last moment: where not, its connection ends. */
  mayProduce(asked: () => boolean): void
  /** Ends the connections, and lets kafkajs open no others. */
  close(): void
}
