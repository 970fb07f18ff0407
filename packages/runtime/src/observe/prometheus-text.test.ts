import { expect, it } from 'vitest'
import { prometheusText } from './prometheus-text.ts'

it('writes each metric once with its type, and escapes what labels may not have', () => {
  const text = prometheusText([
    { name: 'process-total', tags: { 'task-id': '0_0' }, value: 3 },
    { name: 'records-lag', tags: { topic: 'a"b\\c\nd' }, value: Infinity },
    { name: 'process-total', tags: { 'task-id': '0_1' }, value: 4 },
    { name: 'client-state', tags: {}, value: 2 },
  ])
  expect(text).toBe(
    [
      '# TYPE millrace_process_total counter',
      'millrace_process_total{task_id="0_0"} 3',
      'millrace_process_total{task_id="0_1"} 4',
      '# TYPE millrace_records_lag untyped',
      'millrace_records_lag{topic="a\\"b\\\\c\\nd"} +Inf',
      '# TYPE millrace_client_state untyped',
      'millrace_client_state 2',
      '',
    ].join('\n'),
  )
  expect(prometheusText([])).toBe('')
})
