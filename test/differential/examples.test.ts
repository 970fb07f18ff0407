import { describeTopology as describePlan, type Plan } from '@millrace/core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { wordCount } from '../../examples/01-word-count.ts'
import { enrichOrders } from '../../examples/02-enrich-orders.ts'
import { pageViewsPerMinute } from '../../examples/03-page-views-per-minute.ts'
import { compareRuns } from './compare-run.ts'
import { type ExampleName, type JavaPeer, type RunInput, startJavaPeer } from './java-peer.ts'
import { missingJavaTools } from './missing-java-tools.ts'
import { normalDescribe } from './normal-describe.ts'
import { runPlan } from './run-millrace.ts'

const missing = await missingJavaTools()

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const record = (topic: string, key: string | null, value: string | object, timestamp: number): RunInput => ({
  topic,
  key: key === null ? null : base64(key),
  value: base64(typeof value === 'string' ? value : JSON.stringify(value)),
  timestamp,
})

const EXAMPLES: readonly (readonly [ExampleName, Plan, readonly RunInput[]])[] = [
  [
    'word-count',
    wordCount(),
    [
      record('lines', null, 'To be, or not to be: être ou ne pas être', 1),
      record('lines', 'k', "Whether 'tis nobler to be", 5),
    ],
  ],
  [
    'enrich-orders',
    enrichOrders(),
    [
      record('customers', 'c1', { name: 'Ada', country: 'GB' }, 1),
      record('orders', 'o1', { customerId: 'c1', item: 'tea', price: 4.5 }, 2),
      record('orders', 'o2', { customerId: 'c9', item: 'water', price: 1 }, 3),
      record('customers', 'c1', { name: 'Ada', country: 'FR' }, 4),
      record('orders', 'o3', { customerId: 'c1', item: 'cake', price: 3 }, 5),
    ],
  ],
  [
    'page-views-per-minute',
    pageViewsPerMinute(),
    [1, 20, 62, 55, 75, 30, 80].map(second => record('page-views', 'ada', second % 2 ? 'home' : 'cart', second * 1000)),
  ],
]

describe('the examples and their twins in Java', { timeout: 240_000 }, () => {
  let java: JavaPeer
  beforeAll(async () => {
    if (missing === undefined) java = await startJavaPeer()
  }, 240_000)
  beforeEach(context => context.skip(missing !== undefined, missing))
  afterAll(() => java?.close())

  it.each(EXAMPLES)('%s: described alike', async (name, plan) => {
    expect(normalDescribe(describePlan(plan))).toBe(normalDescribe(await java.describe(name)))
  })

  it.each(EXAMPLES)('%s: the same records and stores', async (name, plan, inputs) => {
    const theirs = await java.run(name, inputs)
    expect(Object.keys(theirs.outputs)).not.toEqual([])
    expect(compareRuns(theirs, await runPlan(plan, inputs))).toEqual([])
  })
})
