import { expect, it } from 'vitest'
import { brokerLosses, skippedMarkers } from './broker-losses.ts'

const line = (partitions: string, id: string) =>
  `[2026-11-29 21:00:00,000] INFO [Transaction Marker Channel Manager 1]: Couldn't find leader endpoint for partitions List(${partitions}) ` +
  `while trying to send transaction markers for ${id}, these partitions are likely deleted already and hence can be skipped (kafka…)\n`

const hidden = new Map([['r-1', new Map([['mill', 2]])]])
const missing = new Map([['mill', 2]])

it('reads what a broker has left out', () => {
  const log = `INFO something else\n${line('__consumer_offsets-3, out-1', 'app-0_1')}${line('r-1', 'app-0_2')}`
  expect(skippedMarkers(log)).toEqual([
    { transactionalId: 'app-0_1', partitions: ['__consumer_offsets-3', 'out-1'] },
    { transactionalId: 'app-0_2', partitions: ['r-1'] },
  ])
})

it('names a loss whose records a left-out marker hides', () => {
  const found = brokerLosses(skippedMarkers(line('r-1', 'app-0_1')), missing, hidden)
  expect([...found.keys()]).toEqual(['mill'])
  expect(found.get('mill')).toMatch(/app-0_1.*r-1.*2 records/)
})

it.each([
  ['no marker was left out', '', missing],
  ['one of another partition was', line('r-2', 'app-0_1'), missing],
  [
    'the offsets lost theirs, too, so that the client could complete it',
    line('__consumer_offsets-0, r-1', 'app-0_1'),
    missing,
  ],
  ['more is missing than is hidden', line('r-1', 'app-0_1'), new Map([['mill', 3]])],
  ['another word is missing', line('r-1', 'app-0_1'), new Map([['stone', 1]])],
])('does not blame the broker where %s', (_why, log, lost) => {
  expect([...brokerLosses(skippedMarkers(log), lost, hidden)]).toEqual([])
})
