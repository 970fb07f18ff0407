import { series } from './series.ts'

interface Panel {
  readonly title: string
  readonly unit: string
  readonly queries: readonly (readonly [expression: string, legend: string])[]
}

const SELECTED = '{job=~"$job",instance=~"$instance"}'
const of = (name: string, more = '') => `${name}${SELECTED.replace('}', `${more}}`)}`
const rate = (name: string) => `rate(${of(name)}[$__rate_interval])`

const PANELS: readonly Panel[] = [
  {
    title: 'State (2 is RUNNING)',
    unit: 'none',
    queries: [[of(series('client.client-state', 'client-state')), '{{instance}}']],
  },
  {
    title: 'Records processed per second',
    unit: 'ops',
    queries: [[`sum by (instance) (${rate(series('thread.process', 'process-total'))})`, '{{instance}}']],
  },
  {
    title: 'Lag',
    unit: 'none',
    queries: [[`sum by (topic) (${of(series('task.records-lag', 'records-lag'))})`, '{{topic}}']],
  },
  {
    title: 'Largest lag of a partition',
    unit: 'none',
    queries: [
      [`max by (topic) (${of(series('task.records-lag', 'records-lag'))})`, 'largest of {{topic}}'],
      [`avg by (topic) (${of(series('task.records-lag', 'records-lag'))})`, 'average of {{topic}}'],
    ],
  },
  {
    title: 'End-to-end latency, average',
    unit: 'ms',
    queries: [
      [
        `avg by (processor_node_id) (${of(series('node.record-e2e-latency', 'record-e2e-latency-avg'))})`,
        '{{processor_node_id}}',
      ],
    ],
  },
  {
    title: 'End-to-end latency, maximum',
    unit: 'ms',
    queries: [
      [
        `max by (processor_node_id) (${of(series('node.record-e2e-latency', 'record-e2e-latency-max'))})`,
        '{{processor_node_id}}',
      ],
    ],
  },
  {
    title: 'Records read per second',
    unit: 'ops',
    queries: [[`sum by (topic) (${rate(series('topic.records-consumed', 'records-consumed-total'))})`, '{{topic}}']],
  },
  {
    title: 'Records written per second',
    unit: 'ops',
    queries: [[`sum by (topic) (${rate(series('topic.records-produced', 'records-produced-total'))})`, '{{topic}}']],
  },
  {
    title: 'Share of a thread’s time',
    unit: 'percentunit',
    queries: (['poll', 'process', 'punctuate', 'commit'] as const).map(
      phase => [`avg by (thread_id) (${of(ratioOf(phase))})`, `${phase} {{thread_id}}`] as const,
    ),
  },
  {
    title: 'Commits: latency',
    unit: 'ms',
    queries: [
      [`avg by (instance) (${of(series('thread.commit', 'commit-latency-avg'))})`, 'average {{instance}}'],
      [`max by (instance) (${of(series('thread.commit', 'commit-latency-max'))})`, 'maximum {{instance}}'],
    ],
  },
  {
    title: 'Records left out per second',
    unit: 'ops',
    queries: [
      [
        `sum by (processor_node_id, reason) (${rate(series('node.dropped-records', 'dropped-records'))})`,
        '{{processor_node_id}} {{reason}}',
      ],
      [
        `sum by (processor_node_id) (${rate(series('node.failed-records', 'failed-records'))})`,
        '{{processor_node_id}} failed',
      ],
    ],
  },
  {
    title: 'Records still to restore',
    unit: 'none',
    queries: [
      [
        `sum by (task_id) (${of(series('task.restore-remaining-records', 'restore-remaining-records-total'))})`,
        'task {{task_id}}',
      ],
    ],
  },
  {
    title: 'Memory: write buffers and fetched records',
    unit: 'bytes',
    queries: [
      [
        `sum by (instance) (${of(series('task.cache-size-bytes-total', 'cache-size-bytes-total'))})`,
        'buffers {{instance}}',
      ],
      [`sum by (instance) (${of(series('task.input-buffer-bytes', 'input-buffer-bytes'))})`, 'input {{instance}}'],
    ],
  },
  {
    title: 'Threads',
    unit: 'none',
    queries: [
      [of(series('client.alive-stream-threads', 'alive-stream-threads')), 'alive {{instance}}'],
      [of(series('client.failed-stream-threads', 'failed-stream-threads')), 'failed {{instance}}'],
    ],
  },
]

const WIDTH = 12
const HEIGHT = 8
const PROMETHEUS = { type: 'prometheus', uid: '${datasource}' }

/** A dashboard for Grafana. */
export function renderDashboard(): string {
  const state = series('client.client-state', 'client-state')
  const choice = (name: string, query: string) => ({
    name,
    type: 'query',
    datasource: PROMETHEUS,
    query: { query, refId: name },
    refresh: 2,
    includeAll: true,
    multi: true,
    current: { text: 'All', value: '$__all' },
  })
  const dashboard = {
    title: 'Millrace',
    uid: 'millrace',
    tags: ['millrace'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', type: 'datasource', query: 'prometheus' },
        choice('job', `label_values(${state}, job)`),
        choice('instance', `label_values(${state}{job=~"$job"}, instance)`),
      ],
    },
    panels: PANELS.map(({ title, unit, queries }, index) => ({
      id: index + 1,
      type: 'timeseries',
      title,
      datasource: PROMETHEUS,
      gridPos: { x: (index % 2) * WIDTH, y: Math.floor(index / 2) * HEIGHT, w: WIDTH, h: HEIGHT },
      fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
      targets: queries.map(([expr, legendFormat], number) => ({
        refId: String.fromCharCode('A'.charCodeAt(0) + number),
        datasource: PROMETHEUS,
        expr,
        legendFormat,
      })),
    })),
  }
  return `${JSON.stringify(dashboard, undefined, 2)}\n`
}

function ratioOf(phase: 'poll' | 'process' | 'punctuate' | 'commit'): string {
  return {
    poll: series('thread.poll-ratio', 'poll-ratio'),
    process: series('thread.process-ratio', 'process-ratio'),
    punctuate: series('thread.punctuate-ratio', 'punctuate-ratio'),
    commit: series('thread.commit-ratio', 'commit-ratio'),
  }[phase]
}
