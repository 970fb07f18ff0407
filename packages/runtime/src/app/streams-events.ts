import { EventEmitter } from 'node:events'
import { aFunction, isPromise, type Logger, oneOf } from '@millrace/core'
import type { StreamsState } from '../loop/lifecycle.ts'
import type { RestoreEvent } from '../observe/restore-listener.ts'
import type { StandbyBatchEvent, StandbyEvent, StandbySuspendedEvent } from '../observe/standby-listener.ts'
import type { InstanceListener } from './instance.ts'

/** The events of a `KafkaStreams`, by name. */
export interface StreamsEvents {
  state: [state: StreamsState, before: StreamsState]
  /** The error that stops the application. */
  error: [error: unknown]
  restoreStart: [event: RestoreEvent]
  restoreProgress: [event: RestoreEvent]
  restoreEnd: [event: RestoreEvent]
  /**
   * The task moved to another instance before its restore was complete. The restored state is kept in case the task returns.
   */
  restoreSuspended: [event: RestoreEvent]
  /** A standby starts to follow the changelog of a store, has applied a batch of it, and stops following it (KIP-988). */
  standbyUpdateStart: [event: StandbyEvent]
  standbyBatchLoaded: [event: StandbyBatchEvent]
  standbyUpdateSuspended: [event: StandbySuspendedEvent]
  /** The broker cannot be reached (`cause`), or can be reached again (`undefined`). */
  waiting: [cause: unknown]
}

const EVENTS: Readonly<Record<keyof StreamsEvents, true>> = {
  state: true,
  error: true,
  restoreStart: true,
  restoreProgress: true,
  restoreEnd: true,
  restoreSuspended: true,
  standbyUpdateStart: true,
  standbyBatchLoaded: true,
  standbyUpdateSuspended: true,
  waiting: true,
}

/** The arguments of `on` and `off`. */
export const LISTENING = [
  ['event', oneOf(...Object.keys(EVENTS))],
  ['listener', aFunction],
] as const

export type StreamsListener<Event extends keyof StreamsEvents> = (...args: StreamsEvents[Event]) => void

/** The listeners of one `KafkaStreams`, which is their `this`. */
export class StreamsListeners {
  readonly #events = new EventEmitter<StreamsEvents>()
  readonly #owner: object
  readonly #logger: Logger

  constructor(owner: object, logger: Logger) {
    this.#owner = owner
    this.#logger = logger
  }

  on<Event extends keyof StreamsEvents>(event: Event, listener: StreamsListener<Event>): void {
    this.#events.on(event, listener as never)
  }

  off<Event extends keyof StreamsEvents>(event: Event, listener: StreamsListener<Event>): void {
    this.#events.off(event, listener as never)
  }

  /** Calls the listeners of an event. One that fails affects neither the others nor the application. */
  tell<Event extends keyof StreamsEvents>(event: Event, ...args: StreamsEvents[Event]): void {
    const failed = (error: unknown) => this.#logger.error({ event, error }, 'a listener failed')
    for (const listener of this.#events.listeners(event)) {
      try {
        const done: unknown = Reflect.apply(listener, this.#owner, args)
        if (isPromise(done)) done.then(undefined, failed)
      } catch (error) {
        failed(error)
      }
    }
  }

  /** Passes on what the engine reports, except that it rebalances. */
  ofEngine(): Omit<InstanceListener, 'onRebalancing'> {
    return {
      onWaiting: cause => this.tell('waiting', cause),
      onRestoreStart: event => this.tell('restoreStart', event),
      onRestoreProgress: event => this.tell('restoreProgress', event),
      onRestoreEnd: event => this.tell('restoreEnd', event),
      onRestoreSuspended: event => this.tell('restoreSuspended', event),
      onStandbyUpdateStart: event => this.tell('standbyUpdateStart', event),
      onStandbyBatchLoaded: event => this.tell('standbyBatchLoaded', event),
      onStandbyUpdateSuspended: event => this.tell('standbyUpdateSuspended', event),
    }
  }
}
