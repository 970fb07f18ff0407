// Writes docs/metrics.md, the dashboard and the alert rules. A test fails when they differ from the table of metrics.
import { mkdirSync, writeFileSync } from 'node:fs'
import { ALERTS, renderAlerts } from './metrics-doc/alerts.ts'
import { renderDashboard } from './metrics-doc/dashboard.ts'
import { renderMetricsDoc } from './metrics-doc/render-metrics-doc.ts'

const docs = new URL('../docs/', import.meta.url)
mkdirSync(new URL('metrics/', docs), { recursive: true })
writeFileSync(new URL('metrics.md', docs), renderMetricsDoc())
writeFileSync(new URL('metrics/grafana-dashboard.json', docs), renderDashboard())
writeFileSync(new URL('metrics/alerts.yml', docs), renderAlerts(ALERTS))
