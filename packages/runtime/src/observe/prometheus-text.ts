import { checkArguments, isPlainObject, listOf, mustBe } from '@millrace/core'
import type { MetricReading } from './metrics.ts'
import { identifier, type PrometheusMetric, prometheusMetricOf } from './prometheus-name.ts'

/**
 * Readings in Prometheus' text format, for an endpoint that is scraped: the content type is `text/plain; version=0.0.4`. The name of a metric
 * has the prefix `millrace_` and the level, and whatever a name or a label may not have becomes `_`: `process-total` of a task is
 * `millrace_task_process_total`. Averages and extremes without a value are left out.
 *
 * @example
 * createServer((_, response) => response.end(prometheusText(streams.metrics()))).listen(9_404, '127.0.0.1')
 */
export function prometheusText(readings: readonly MetricReading[]): string {
  checkArguments('prometheusText', [['readings', READINGS]], [readings])
  const families = new Map<string, { readonly metric: PrometheusMetric; readonly samples: Map<string, number> }>()
  for (const { group, name, tags, value, text } of readings) {
    if (Number.isNaN(value)) continue
    const metric = prometheusMetricOf(group, name)
    let family = families.get(metric.name)
    if (family === undefined) families.set(metric.name, (family = { metric, samples: new Map() }))
    const labels = labelsOf(text === undefined ? tags : { ...tags, [name]: text })
    const sample = `${metric.name}${labels}`
    // Two names that differ in characters that become "_" are one metric here.
    const before = family.samples.get(sample)
    family.samples.set(sample, before === undefined || metric.type === 'gauge' ? value : before + value)
  }
  return [...families.values()].map(({ metric, samples }) => `${headOf(metric)}${linesOf(samples)}`).join('')
}

const READINGS = listOf((given, name) => {
  const { group, name: metric, tags } = Object(given ?? {}) as Readonly<Record<string, unknown>>
  const usable = typeof group === 'string' && typeof metric === 'string' && isPlainObject(tags)
  return usable ? undefined : mustBe(name, 'a reading of metrics()', given)
}, 'what metrics() returns')

function headOf({ name, type, help }: PrometheusMetric): string {
  return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`
}

function linesOf(samples: ReadonlyMap<string, number>): string {
  return [...samples].map(([sample, value]) => `${sample} ${shown(value)}\n`).join('')
}

function labelsOf(tags: Readonly<Record<string, string>>): string {
  const labels = new Map(Object.entries(tags).map(([tag, text]) => [identifier(tag), text]))
  if (labels.size === 0) return ''
  return `{${[...labels].map(([label, text]) => `${label}="${escaped(text)}"`).join(',')}}`
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function shown(value: number): string {
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}
