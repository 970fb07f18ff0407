import type { MetricReading } from '@millrace/runtime'
import type { BatchObservableCallback, Meter, Observable } from '@opentelemetry/api'
import { expect, it } from 'vitest'
import { observeMetrics } from './otel-metrics.ts'

interface Collected {
  readonly name: string
  readonly type: string
  readonly value: number
  readonly tags: unknown
}

/** A meter that collects when the test says so, and only what was registered before. */
function memoryMeter() {
  const names = new Map<Observable, { readonly name: string; readonly type: string }>()
  const callbacks = new Map<BatchObservableCallback, ReadonlySet<Observable>>()
  const make = (type: string) => (name: string) => {
    const instrument = { addCallback: () => undefined, removeCallback: () => undefined } as unknown as Observable
    names.set(instrument, { name, type })
    return instrument
  }
  const meter = {
    createObservableCounter: make('counter'),
    createObservableGauge: make('gauge'),
    addBatchObservableCallback: (callback: BatchObservableCallback, of: Observable[]) =>
      callbacks.set(callback, new Set(of)),
    removeBatchObservableCallback: (callback: BatchObservableCallback) => callbacks.delete(callback),
  } as unknown as Meter
  const collect = (): readonly Collected[] => {
    const collected: Collected[] = []
    for (const [callback, of] of callbacks) {
      const observe = (instrument: Observable, value: number, tags: unknown) => {
        if (of.has(instrument)) collected.push({ ...names.get(instrument)!, value, tags })
      }
      void callback({ observe })
    }
    return collected
  }
  return { meter, collect }
}

it('gives counters and gauges with their tags, and what is new from the next time on', async () => {
  const task = { group: 'stream-task-metrics', tags: { 'task-id': '0_0' } }
  const readings: MetricReading[] = [
    { ...task, name: 'process-total', value: 3 },
    { ...task, name: 'records-lag', value: 7 },
    { ...task, name: 'record-lateness-avg', value: Number.NaN },
    { group: 'stream-metrics', name: 'state', tags: {}, value: 1, text: 'RUNNING' },
  ]
  const { meter, collect } = memoryMeter()
  const stop = observeMetrics({ metrics: () => readings }, meter)
  expect(collect()).toEqual([
    { name: 'millrace.task.process-total', type: 'counter', value: 3, tags: task.tags },
    { name: 'millrace.task.records-lag', type: 'gauge', value: 7, tags: task.tags },
  ])
  readings.push({ group: 'custom-metrics', name: 'orders seen', tags: {}, value: 1 })
  collect()
  await Promise.resolve()
  expect(collect().at(-1)).toEqual({ name: 'millrace.custom.orders_seen', type: 'counter', value: 1, tags: {} })
  stop()
  expect(collect()).toEqual([])
})
