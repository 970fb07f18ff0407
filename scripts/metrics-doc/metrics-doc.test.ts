import { METRIC_TABLE, metricsOf, levelOf, prometheusMetric, type SensorName } from '@millrace/runtime'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { ALERTS, renderAlerts } from './alerts.ts'
import { renderDashboard } from './dashboard.ts'
import { renderMetricsDoc } from './render-metrics-doc.ts'

const read = (path: string) => readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8')

it('docs/metrics.md is the table of metrics: npm run docs:metrics', () => {
  expect(read('metrics.md')).toBe(renderMetricsDoc())
})

it('the dashboard and the alert rules are current: npm run docs:metrics', () => {
  expect(read('metrics/grafana-dashboard.json')).toBe(renderDashboard())
  expect(read('metrics/alerts.yml')).toBe(renderAlerts(ALERTS))
})

it('the dashboard and the alert rules name metrics of the table that are recorded by default', () => {
  const recorded = new Set(
    (Object.keys(METRIC_TABLE) as SensorName[])
      .filter(sensor => METRIC_TABLE[sensor].recording === 'INFO')
      .flatMap(sensor => metricsOf(sensor).map(([name, row]) => prometheusMetric(levelOf(sensor), name, row).name)),
  )
  const named = [...`${renderDashboard()}${renderAlerts(ALERTS)}`.matchAll(/millrace_\w+/g)].map(([name]) => name)
  expect(named.length).toBeGreaterThan(30)
  for (const name of named) expect(recorded).toContain(name)
})
