import { expect, it } from 'vitest'
import { type CellResult, selectCells, SETTINGS, tableOfCells } from './cells.ts'
import { activeController } from './troubles.ts'

it('takes all cells where nothing is named, and of each dimension what is', () => {
  const all = selectCells(undefined)
  expect([all.applications.length, all.troubles.length, all.settings.length]).toEqual([4, 12, 6])
  expect(selectCells('disk-full,streams,exactly_once')).toEqual({
    applications: all.applications,
    troubles: ['disk-full'],
    settings: [{ protocol: 'streams', client: 'wire', guarantee: 'exactly_once' }],
  })
})

it('refuses words that it does not know, and a choice without a cell', () => {
  expect(() => selectCells('freez')).toThrow('--only has freez; possible are stateless, ')
  expect(() => selectCells('streams,kafkajs')).toThrow('kafkajs does not speak the streams protocol')
})

it('prints the longest silence of each cell over the rounds, what is wrong, and what was left out', () => {
  const [setting] = SETTINGS
  const cell = (silentMs: number | undefined, mistakes: readonly string[], trouble: CellResult['trouble']) =>
    ({ setting: setting!, trouble, application: 'stateless', silentMs, mistakes }) as const
  const cells = [cell(1_200, [], 'freeze'), cell(3_400, ['"a" is missing'], 'freeze'), cell(undefined, [], 'disk-full')]
  expect(tableOfCells(cells, new Map([['disk-full', 'no right']]))).toBe(
    [
      'classic, wire, exactly_once',
      '',
      '| seconds without output | stateless |',
      '|---|---|',
      '| freeze | 1.2 to 3.4, 1 WRONG |',
      '| disk-full | skipped |',
    ].join('\n'),
  )
})

it('finds the active controller in the logs of the brokers', () => {
  const line = (id: number, epoch: number) =>
    `[QuorumController id=${id}] Becoming the active controller at epoch ${epoch}, x`
  const logs = [line(2, 3), line(1, 7), line(3, 5)].join('\n')
  expect(activeController({ logs: () => logs, brokerIds: [1, 2, 3] })).toBe(1)
  expect(() => activeController({ logs: () => '', brokerIds: [1, 2, 3] })).toThrow('no broker says')
})
