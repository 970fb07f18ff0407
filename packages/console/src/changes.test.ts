import type { ApplicationReport, ReportedTask } from '@millrace/runtime'
import { expect, it } from 'vitest'
import { changesOf } from './history.ts'

function report(group: ApplicationReport['group'], owners: Readonly<Record<string, string>>): ApplicationReport {
  const members = [...new Set(Object.values(owners))].map(memberId => {
    return { memberId, clientId: 'app', active: [], standby: [], warmup: [] }
  })
  const tasks = Object.entries(owners).map(([id, active]) => ({ id, active }) as ReportedTask)
  return { applicationId: 'app', group, members, tasks, missingTopics: [] }
}

it('tells who came and went, and which tasks have moved', () => {
  const before = report('stable', { '0_0': 'a', '0_1': 'a', '0_2': 'b' })
  expect(changesOf(before, before)).toEqual([])
  expect(changesOf(before, report('preparing', { '0_0': 'a', '0_1': 'c', '0_2': 'c' }))).toEqual([
    'app has joined the group (c)',
    'app has left the group (b)',
    'other owners of 2 tasks: 0_1, 0_2',
    'the group is preparing; it was stable',
  ])
})
