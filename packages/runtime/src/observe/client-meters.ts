import { clientIdOf } from './client-id.ts'
import { RECORDING_LEVELS, type RecordingLevel } from './metric-table.ts'
import { Meters, type MetricReading } from './metrics.ts'
import type { Sensor } from './sensor.ts'

export interface ClientMetersOptions {
  readonly applicationId: string
  readonly level: RecordingLevel
  readonly clock: { monotonic(): number }
  /** Undefined before the application has begun. */
  readonly processId: () => string | undefined
  readonly state: () => string
  readonly stateNumber: () => number
  readonly aliveThreads: () => number
}

/** The metrics of an application as a whole. */
export class ClientMeters {
  readonly failedThreads: Sensor
  readonly #meters: Meters

  constructor(options: ClientMetersOptions) {
    const { applicationId, level, clock, processId } = options
    const process = () => {
      const id = processId()
      return id === undefined ? undefined : { 'process-id': id }
    }
    const tags = () => {
      const id = processId()
      return id === undefined ? {} : { 'client-id': clientIdOf(applicationId, id) }
    }
    const meters = new Meters({ now: () => clock.monotonic(), level, tags })
    this.#meters = meters
    meters.gauge('client.state', options.state)
    meters.gauge('client.client-state', options.stateNumber, () => ({ ...process(), 'application-id': applicationId }))
    meters.gauge('client.application-id', () => applicationId)
    meters.gauge('client.alive-stream-threads', options.aliveThreads)
    this.failedThreads = meters.sensor('client.failed-stream-threads')!
    meters.gauge(
      'client.recording-level',
      () => RECORDING_LEVELS.indexOf(level),
      () => ({ ...process() }),
    )
  }

  readings(): readonly MetricReading[] {
    return this.#meters.readings()
  }
}
