import {
  levelOf,
  METRIC_LEVELS,
  METRIC_TABLE,
  metricsOf,
  type MetricLevel,
  type MetricRow,
  type SensorName,
} from './metric-table.ts'

/** A metric as Prometheus knows it. */
export interface PrometheusMetric {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
}

/** Of the metrics of the table, by group and name. */
const KNOWN: ReadonlyMap<string, PrometheusMetric> = new Map(
  (Object.keys(METRIC_TABLE) as SensorName[]).flatMap(sensor => {
    const level = levelOf(sensor)
    const { group } = METRIC_LEVELS[level]
    return metricsOf(sensor).map(([name, row]) => [`${group} ${name}`, prometheusMetric(level, name, row)] as const)
  }),
)

/**
 * A metric's name, type and description in Prometheus: `millrace_`, the level, and the name, such as `millrace_task_process_total`. Counters end in
 * `_total`, metrics whose value is a text in `_info`.
 */
export function prometheusMetric(level: MetricLevel, name: string, row: MetricRow): PrometheusMetric {
  const id = identifier(name)
  const base = `millrace_${id.startsWith(`${level}_`) ? '' : `${level}_`}${id}`
  const suffix = row.statistic === 'text' ? '_info' : row.counter === true && !base.endsWith('_total') ? '_total' : ''
  return { name: `${base}${suffix}`, type: row.counter === true ? 'counter' : 'gauge', help: row.description }
}

/** The same for a reading. What the table does not have is a counter that a processor has made. */
export function prometheusMetricOf(group: string, name: string): PrometheusMetric {
  const known = KNOWN.get(`${group} ${name}`)
  if (known !== undefined) return known
  const base = `millrace_custom_${identifier(name)}`
  return {
    name: base.endsWith('_total') ? base : `${base}_total`,
    type: 'counter',
    help: `context.count() of processors: ${name}`,
  }
}

/** What a name may not have becomes `_`. A name that is empty or starts with a digit gets one in front. */
export function identifier(name: string): string {
  const id = name.replaceAll(/[^a-zA-Z0-9_]/g, '_')
  return id === '' || /^[0-9]/.test(id) ? `_${id}` : id
}
