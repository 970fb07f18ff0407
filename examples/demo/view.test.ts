import { expect, it } from 'vitest'
import { shopResults } from './results.ts'
import { plainLine, type Snapshot, summaryLines, tableLines } from './view.ts'

const start = Date.UTC(2026, 0, 5, 9)

function snapshot(): Snapshot {
  const results = shopResults()
  const window = { start, end: start + 60_000 }
  results.sales.add({ key: { key: 'DE', window }, value: { orders: 1200, revenue: 1_234_567 } })
  results.sales.add({ key: { key: 'FR', window }, value: { orders: 30, revenue: 99 } })
  results.payments.add({ key: { key: 'card', window }, value: 1000n })
  const worker = {
    state: 'RUNNING',
    tasks: 4,
    processed: 10,
    lag: 7,
    streamTime: start + 42_000,
    late: 2,
    restoring: [],
  }
  const restoring = [{ task: '2_1', store: 'sales-per-minute', restored: 25, total: 100 }]
  return {
    where: 'in a test',
    console: 'http://127.0.0.1:9/console',
    seconds: 12.3,
    orders: 1231,
    payments: 1001,
    writtenRate: 100,
    processedRate: 200,
    workers: [worker, { ...worker, state: 'REBALANCING', streamTime: -1, late: 0, restoring }],
    results,
    events: ['worker 2 has come'],
  }
}

it('draws the table', () => {
  expect(tableLines(snapshot())).toEqual([
    'Millrace: orders and payments of a shop, by the minute   in a test   12 s',
    '',
    'written     1,231 orders, 1,001 payments (100 records/s)',
    'processed   200 records/s   lag 14   late and left out 2',
    'stream time 09:00:42',
    'console     http://127.0.0.1:9/console',
    'worker 1    running, 4 tasks',
    'worker 2    rebalancing, 4 tasks   restoring sales-per-minute of 2_1 25 %',
    '            worker 2 has come',
    '',
    'orders, revenue              09:00',
    'DE                 1,200  € 12,346',
    'FR                         30  € 1',
    '',
    'payments                     09:00',
    'card                         1,000',
    '',
    'Ctrl-C ends.',
  ])
})

it('says the same in a line', () => {
  expect(plainLine(snapshot())).toBe(
    [
      '12 s',
      'written 1,231 orders 1,001 payments',
      'processed 200/s',
      'lag 14',
      'stream time 09:00:42',
      '09:00 DE 1200 orders € 12,346',
      'restoring 25 %',
    ].join('   '),
  )
})

it('accounts for every record, or says how many are missing', () => {
  expect(summaryLines(snapshot())).toContain('  every record is accounted for')
  expect(summaryLines({ ...snapshot(), orders: 1240 })).toContain('  9 records were still on their way')
})
