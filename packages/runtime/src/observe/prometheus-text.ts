import type { MetricReading } from './metrics.ts'

/**
 * Readings in Prometheus' text format, for an endpoint that is scraped: the content type is `text/plain; version=0.0.4`. Names get the prefix
 * `millrace_`, and whatever a name or a label may not have becomes `_`: `process-total` is `millrace_process_total`.
 *
 * @example
 * createServer((_, response) => response.end(prometheusText(streams.metrics()))).listen(9_404, '127.0.0.1')
 */
export function prometheusText(readings: readonly MetricReading[]): string {
  const byName = new Map<string, string[]>()
  for (const { name, tags, value } of readings) {
    const metric = `millrace_${identifier(name)}`
    const labels = Object.entries(tags).map(([tag, text]) => `${identifier(tag)}="${escaped(text)}"`)
    const lines = byName.get(metric) ?? []
    lines.push(`${metric}${labels.length === 0 ? '' : `{${labels.join(',')}}`} ${shown(value)}`)
    byName.set(metric, lines)
  }
  const blocks = [...byName].map(([metric, lines]) => [`# TYPE ${metric} ${typeOf(metric)}`, ...lines].join('\n'))
  return blocks.length === 0 ? '' : `${blocks.join('\n')}\n`
}

/** What is not known to be a counter or a gauge is said to be neither. */
function typeOf(metric: string): string {
  if (metric.endsWith('_total')) return 'counter'
  return 'untyped'
}

function identifier(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_]/g, '_')
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function shown(value: number): string {
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}
