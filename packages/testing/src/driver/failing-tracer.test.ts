import { type Logger, type RecordTracer, StreamsBuilder, string, type TaskTracer } from '@millrace/core'
import { expect, it } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

const texts = { key: string(), value: string() }
const broken = (): never => {
  throw new Error('no exporter')
}
type Step = <R>(run: () => R) => R
const steps = (step: Step): TaskTracer => ({
  source: (_node, _record, run) => step(run),
  processor: (_node, _record, run) => step(run),
  sink: (_node, _record, run) => step(run),
  store: (_store, _operation, _key, run) => step(run),
})
const stepping = (step: Step): RecordTracer => ({ task: () => steps(step) })

const TRACERS: readonly (readonly [string, RecordTracer])[] = [
  ['cannot begin', { task: broken }],
  ['is no tracer of a task', { task: () => ({}) as TaskTracer }],
  ['fails before a step', stepping(broken)],
  [
    'fails after a step',
    stepping(run => {
      run()
      return broken()
    }),
  ],
  ['fails when a promise is fulfilled', stepping(run => Promise.resolve(run()).then(broken) as never)],
  ['forgets to run', stepping(() => undefined as never)],
  ['forgets what was returned', stepping(run => void run() as never)],
  [
    'runs twice',
    stepping(run => {
      run()
      return run()
    }),
  ],
  [
    'replaces an error',
    stepping(run => {
      try {
        return run()
      } catch {
        throw new Error('another one')
      }
    }),
  ],
]

it.each(TRACERS)('a tracer that %s fails no record', async (_what, tracer) => {
  const builder = new StreamsBuilder()
  const counted = builder
    .stream('in', texts)
    .mapValues(async value => {
      await Promise.resolve()
      if (value === 'bad') throw new Error('bad indeed')
      return value
    })
    .groupByKey(texts)
    .reduce((before, value) => `${before}+${value}`, { store: 'sums' })
  counted.toStream().to('out', texts)
  const failures: string[] = []
  const warnings: string[] = []
  const logger: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: ({ error }, message) =>
      void (message.includes('tracer') ? warnings.push(message) : failures.push(String(error))),
    error: () => undefined,
  }
  await using driver = await TopologyTestDriver.create(builder.build(), { tracer, logger, onBadRecord: 'continue' })
  await driver.createInputTopic('in', texts).pipeKeyValues([
    ['a', '1'],
    ['a', 'bad'],
    ['a', '2'],
  ])
  expect(driver.createOutputTopic('out', texts).readValuesToList()).toEqual(['1', '1+2'])
  expect(failures).toEqual(['Error: bad indeed'])
  expect(warnings.length).toBeLessThanOrEqual(1)
  for (const warning of warnings) expect(warning).toMatch(/^the tracer has failed, and traces are incomplete/)
})
