import fc from 'fast-check'
import { expect, it } from 'vitest'
import { METRIC_TABLE, metricsOf, type SensorName } from './metric-table.ts'
import type { MetricReading } from './metrics.ts'
import { prometheusText } from './prometheus-text.ts'

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}
interface Exposition {
  readonly types: ReadonlyMap<string, string>
  readonly samples: readonly Sample[]
}

/**
 * Prometheus' text format 0.0.4, read by its grammar: lines end with "\n"; `# HELP name text`, `# TYPE name type`, once for each name and before
 * its samples, which follow one another; `name{label="text",…} value`.
 */
function parse(text: string): Exposition {
  const types = new Map<string, string>()
  const samples: Sample[] = []
  const done = new Set<string>()
  let current: string | undefined
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line has no end')
  for (const line of text.split('\n').slice(0, -1)) {
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) ([^\n]*)$/.exec(line)
    if (comment !== null) {
      const [, kind, name, rest] = comment
      if (name !== current) {
        if (current !== undefined) done.add(current)
        if (done.has(name!)) throw new Error(`${name} comes twice`)
        current = name
      }
      if (kind === 'HELP') {
        if (/\\(?![\\n])/.test(rest!)) throw new Error(`HELP of ${name} is not escaped`)
        continue
      }
      if (types.has(name!)) throw new Error(`${name} has two types`)
      if (!['counter', 'gauge', 'histogram', 'summary', 'untyped'].includes(rest!)) throw new Error(`type ${rest}`)
      types.set(name!, rest!)
      continue
    }
    samples.push(parseSample(line, current))
  }
  const seen = samples.map(({ name, labels }) =>
    JSON.stringify([name, Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))]),
  )
  if (new Set(seen).size !== seen.length) throw new Error('a sample comes twice')
  return { types, samples }
}

function parseSample(line: string, current: string | undefined): Sample {
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0]
  if (name === undefined || name !== current) throw new Error(`a sample out of place: ${line}`)
  const labels = Object.create(null) as Record<string, string>
  let at = name.length
  if (line[at] === '{') {
    at++
    while (line[at] !== '}') {
      const label = /^[a-zA-Z_][a-zA-Z0-9_]*/.exec(line.slice(at))?.[0]
      if (label === undefined || line.slice(at + label.length, at + label.length + 2) !== '="')
        throw new Error(`no label at ${at}: ${line}`)
      at += label.length + 2
      let value = ''
      for (; line[at] !== '"'; at++) {
        if (at >= line.length) throw new Error(`a label without end: ${line}`)
        if (line[at] !== '\\') value += line[at]
        else {
          at++
          const meant = { '\\': '\\', '"': '"', n: '\n' }[line[at]!]
          if (meant === undefined) throw new Error(`\\${line[at]} is no escape`)
          value += meant
        }
      }
      if (label in labels) throw new Error(`label ${label} comes twice`)
      labels[label] = value
      at++
      if (line[at] === ',') at++
      else if (line[at] !== '}') throw new Error(`no comma at ${at}: ${line}`)
    }
    at++
  }
  const number = /^ ([+-]?(?:Inf|[0-9.]+(?:e[+-]?[0-9]+)?))$/.exec(line.slice(at))?.[1]
  if (number === undefined) throw new Error(`no value at ${at}: ${line}`)
  return { name, labels, value: Number(number.replace('Inf', 'Infinity')) }
}

const TASK = 'stream-task-metrics'

it('writes names, types, descriptions and labels', () => {
  const readings: MetricReading[] = [
    { group: TASK, name: 'process-total', tags: { 'task-id': '0_1' }, value: 12 },
    { group: 'stream-metrics', name: 'state', tags: {}, value: 1, text: 'RUNNING' },
    { group: TASK, name: 'process-total', tags: { 'task-id': '0_0' }, value: 3 },
    { group: 'custom-metrics', name: 'orders seen', tags: {}, value: 2 },
    { group: TASK, name: 'record-lateness-avg', tags: {}, value: Number.NaN },
  ]
  expect(prometheusText(readings)).toBe(
    [
      '# HELP millrace_task_process_total processed records since the task started here',
      '# TYPE millrace_task_process_total counter',
      'millrace_task_process_total{task_id="0_1"} 12',
      'millrace_task_process_total{task_id="0_0"} 3',
      '# HELP millrace_client_state_info the state of the application',
      '# TYPE millrace_client_state_info gauge',
      'millrace_client_state_info{state="RUNNING"} 1',
      '# HELP millrace_custom_orders_seen_total context.count() of processors: orders seen',
      '# TYPE millrace_custom_orders_seen_total counter',
      'millrace_custom_orders_seen_total 2',
      '',
    ].join('\n'),
  )
  expect(prometheusText([])).toBe('')
})

it('is read back by the grammar, whatever names, tags and values are', () => {
  expect(() => parse('a 1\n')).toThrow('out of place')
  const known = (Object.keys(METRIC_TABLE) as SensorName[]).flatMap(sensor => metricsOf(sensor).map(([name]) => name))
  const name = fc.oneof(fc.constantFrom(...known), fc.string({ unit: 'binary' }))
  const reading = fc.record({
    group: fc.constantFrom(TASK, 'stream-thread-metrics', 'custom-metrics'),
    name,
    tags: fc.dictionary(fc.string(), fc.string({ unit: 'binary' })),
    value: fc.double({ noNaN: true }),
  })
  fc.assert(
    fc.property(fc.array(reading), readings => {
      const { samples } = parse(prometheusText(readings))
      const texts = new Set(samples.flatMap(({ labels }) => Object.values(labels)))
      for (const { tags } of readings) {
        const ids = Object.keys(tags).map(tag => tag.replaceAll(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=[0-9]|$)/, '_'))
        // Names that differ in characters that become "_" are one label.
        if (new Set(ids).size < ids.length) continue
        expect(Object.values(tags).filter(text => !texts.has(text))).toEqual([])
      }
    }),
  )
})

it('has one name for each metric of the table', () => {
  const readings = (Object.keys(METRIC_TABLE) as SensorName[]).flatMap(sensor =>
    metricsOf(sensor).map(([name]) => ({ group: groupOf(sensor), name, tags: {}, value: 1 })),
  )
  const { samples, types } = parse(prometheusText(readings))
  expect(samples).toHaveLength(readings.length)
  const counters = [...types].filter(([, type]) => type === 'counter')
  expect(counters.length).toBeGreaterThan(20)
  for (const [metric] of counters) expect(metric).toMatch(/_total$/)

  function groupOf(sensor: SensorName): string {
    const group = {
      client: '',
      thread: 'thread-',
      task: 'task-',
      node: 'processor-node-',
      topic: 'topic-',
      store: 'state-',
      cache: 'record-cache-',
    }
    return `stream-${group[sensor.split('.')[0] as keyof typeof group]}metrics`
  }
})
