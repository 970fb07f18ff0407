import { levelOf, type METRIC_TABLE, metricsOf, prometheusMetric, type SensorName } from '@millrace/runtime'

/** The name in Prometheus of a metric of the table: one that the table does not have is a type error. */
export function series<Sensor extends SensorName>(
  sensor: Sensor,
  metric: keyof (typeof METRIC_TABLE)[Sensor]['metrics'] & string,
): string {
  const [, row] = metricsOf(sensor).find(([name]) => name === metric)!
  return prometheusMetric(levelOf(sensor), metric, row).name
}
