import { checkArguments, hasMethods } from '@millrace/core'
import {
  levelOf,
  METRIC_LEVELS,
  METRIC_TABLE,
  type MetricReading,
  type MetricRow,
  metricsOf,
  type SensorName,
} from '@millrace/runtime'
import { type BatchObservableCallback, type Meter, metrics, type Observable } from '@opentelemetry/api'

/** What is read of a `KafkaStreams`. */
export interface Measured {
  metrics(): readonly MetricReading[]
}

interface Known {
  readonly level: string
  readonly row: MetricRow
}

/** The metrics of the table, by group and name. */
const KNOWN: ReadonlyMap<string, Known> = new Map(
  (Object.keys(METRIC_TABLE) as SensorName[]).flatMap(sensor => {
    const level = levelOf(sensor)
    return metricsOf(sensor).map(([name, row]) => [`${METRIC_LEVELS[level].group} ${name}`, { level, row }] as const)
  }),
)

/**
 * Gives the metrics of an application to OpenTelemetry: observable counters and gauges with the names and tags of Kafka Streams, such as
 * `millrace.task.process-total`. They are read when OpenTelemetry collects. Metrics whose value is a text are left out.
 *
 * @param meter @default `metrics.getMeter('millrace')`
 * @returns a function that ends it
 * @example
 * const stop = observeMetrics(streams)
 */
export function observeMetrics(streams: Measured, meter: Meter = metrics.getMeter('millrace')): () => void {
  checkArguments(
    'observeMetrics',
    [
      ['streams', hasMethods('a KafkaStreams', 'metrics')],
      ['meter', hasMethods('a meter of OpenTelemetry', 'createObservableCounter', 'addBatchObservableCallback')],
    ],
    [streams, meter],
  )
  const instruments = new Map<string, Observable>()
  let registered: readonly Observable[] = []
  const observe: BatchObservableCallback = result => {
    for (const reading of shown(streams.metrics())) {
      result.observe(instrumentOf(reading), reading.value, reading.tags)
    }
    if (instruments.size > registered.length) queueMicrotask(register)
  }
  let ended = false

  for (const reading of shown(streams.metrics())) instrumentOf(reading)
  register()
  return () => {
    ended = true
    meter.removeBatchObservableCallback(observe, [...registered])
  }

  /** Metrics come with tasks and counters: what is new is collected from the next time on. */
  function register(): void {
    if (ended) return
    if (registered.length > 0) meter.removeBatchObservableCallback(observe, [...registered])
    registered = [...instruments.values()]
    meter.addBatchObservableCallback(observe, [...registered])
  }

  function instrumentOf({ group, name }: MetricReading): Observable {
    const known = KNOWN.get(`${group} ${name}`)
    const id = `millrace.${known?.level ?? 'custom'}.${name.replaceAll(/[^a-zA-Z0-9_.\-/]/g, '_')}`
    const there = instruments.get(id)
    if (there !== undefined) return there
    // What the table does not have was counted by a processor.
    const counts = known === undefined || known.row.counter === true
    const options = { description: known?.row.description ?? `context.count() of processors: ${name}` }
    const made = counts ? meter.createObservableCounter(id, options) : meter.createObservableGauge(id, options)
    instruments.set(id, made)
    return made
  }
}

function shown(readings: readonly MetricReading[]): readonly MetricReading[] {
  return readings.filter(({ value, text }) => text === undefined && !Number.isNaN(value))
}
